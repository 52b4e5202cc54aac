/** Plans that came to something else once, as a run that fails prints them. They run first. */
import type { ShortPlan } from './plan.js';

export const regressions: readonly ShortPlan[] = [
  // Order: a later turn, something that travels alone, a call that the first outcome's handler makes.
  {
    turns: [{ calls: [{ steps: [{ timer: 1 }] }, {}] }, { calls: [{}] }],
  },
  {
    turns: [{ calls: [{ steps: [{ timer: 3 }] }, { steps: [{ timer: 3 }] }, { args: ['bytes'] }] }],
  },
  {
    turns: [
      { calls: [{ outcome: 'handler' }, { steps: [{ timer: 3 }] }, {}] },
      { after: { handledBy: 0 }, calls: [{ outcome: 'handler' }] },
    ],
  },
  // Methods that wait for nothing outside begin and end before the next.
  {
    turns: [
      {
        calls: [
          { steps: [{ microtasks: 40 }], end: { returns: 'counter' } },
          { steps: [{ microtasks: 40 }], end: { returns: 'counter' } },
        ],
      },
    ],
  },
  {
    turns: [
      {
        calls: [
          { steps: ['storage', { microtasks: 20 }, 'storage'], end: { returns: 'stored counter' } },
          { steps: ['storage'], end: { returns: 'stored counter' } },
        ],
      },
    ],
  },
  // The context of each call is its own, also where another travels alone and sends it along.
  { turns: [{ calls: [{ outcome: 'handler' }, { outcome: 'handler', hasContext: true }] }] },
  {
    turns: [
      {
        calls: [
          { outcome: 'async handler' },
          { args: ['greeter'], hasContext: true, outcome: 'handler' },
        ],
      },
    ],
  },
  {
    turns: [
      {
        calls: [
          { outcome: 'handler that rejects', hasContext: true },
          { outcome: 'none', hasContext: true, end: { throws: 'string' } },
        ],
      },
    ],
  },
  // Each call to an entrypoint has an instance of its own.
  { targets: ['entrypoint'], turns: [{ calls: [{}, {}, {}] }] },
  // What was met of a result before it could not be read is released.
  {
    turns: [
      {
        calls: [
          { end: { returns: 'greeter' } },
          { end: { returns: { list: ['greeter', 'getter that throws'] } } },
        ],
      },
    ],
  },
  {
    turns: [{ calls: [{}, { end: { returns: { list: ['greeter', 'getter that throws'] } } }] }],
  },
  // A call that is refused where it is made has its outcome in a microtask.
  {
    shared: ['invalid date'],
    turns: [
      {
        calls: [
          { args: ['instance'], outcome: 'handler' },
          { args: [{ shared: 0 }], mutates: 'in a microtask' },
        ],
      },
      { after: { handledBy: 0 }, calls: [{ args: [{ shared: 0 }] }] },
    ],
  },
  // Results have their disposers, in company too, and a handler's own result is not disposed of.
  { turns: [{ calls: [{}, { end: { returns: 'plain object' } }] }] },
  { turns: [{ calls: [{}, { end: { returns: 'disposable with stubs' }, outcome: 'handler' }] }] },
  { turns: [{ calls: [{}, { end: { returns: 'disposable data' }, dispose: 'at the end' }] }] },
  { turns: [{ calls: [{ end: { returns: 'like a late one of ours' } }] }] },
  { turns: [{ calls: [{ outcome: 'async handler that returns a disposable' }] }] },
  // What a chain passes through is released.
  { turns: [{ calls: [{ chain: 'method of a stub' }] }] },
  { turns: [{ calls: [{ chain: 'call of a function' }] }] },
  // What a getter changes while a value is read.
  ...(
    [
      'array with a hidden item',
      'first item given by a getter',
      'array that a getter changes',
      'array that a getter shortens',
      'array that an item changes',
      'object that a getter changes',
      'long array that a getter changes',
      'long array that an item changes',
      'long array with a hidden item',
      'map that a getter changes',
      'set that a getter changes',
      'boxed number of another prototype',
      'map of a list of another prototype',
      'map of a list with own iterator',
      'own tag',
      'tag alone',
    ] as const
  ).map((value) => ({ turns: [{ calls: [{ args: [value] }, { end: { returns: value } }] }] })),
  // Arguments are read once, and are what the runtime makes of them.
  { turns: [{ calls: [{ args: ['counting getter'] }] }] },
  {
    turns: [
      {
        calls: [
          { args: ['proxy of an object'] },
          { args: ['map with own iterator', 'set with own iterator'] },
          { args: ['map of another prototype', 'map without a prototype'] },
          { args: ['date with own valueOf', 'date with own toPrimitive'] },
          { args: ['array of another prototype'] },
          { args: ['subclass of Array', 'subclass of Map'] },
          { args: ['cycle', 'shared references'] },
        ],
      },
    ],
  },
  {
    turns: [
      {
        calls: [
          { end: { returns: 'map with own iterator' } },
          { end: { returns: 'date with own valueOf' } },
          { end: { returns: 'array of another prototype' } },
          { end: { returns: 'own __proto__' } },
        ],
      },
    ],
  },
  { turns: [{ calls: [{ args: [{ around: 'hole', soon: false }] }] }] },
  { turns: [{ calls: [{ args: [{ around: 'own __proto__', soon: true }] }] }] },
  { turns: [{ calls: [{ args: ['long sparse array'], end: { returns: 'long sparse array' } }] }] },
  // What the runtime refuses, fails its own call as the runtime says, and releases what stood beside.
  { turns: [{ calls: [{ args: ['fake map'], outcome: 'handler' }] }] },
  { turns: [{ calls: [{ args: ['proxy of a map'] }] }] },
  { turns: [{ calls: [{ args: ['getter that throws'], outcome: 'handler' }, {}] }] },
  { turns: [{ calls: [{ args: ['locked stream'] }, {}] }] },
  { turns: [{ calls: [{ args: ['greeter', 'fake date'] }] }] },
  { turns: [{ calls: [{ end: { returns: 'locked stream' } }, {}] }] },
  { turns: [{ calls: [{ end: { returns: 'getter that throws' } }, {}] }] },
  // Errors arrive with what the runtime carries, and with what it adds.
  { turns: [{ calls: [{ end: { throws: 'error with hidden property' } }] }] },
  { turns: [{ calls: [{ end: { throws: 'SuppressedError' } }] }] },
  { turns: [{ calls: [{ end: { throws: 'DOMException' } }] }] },
  { targets: ['entrypoint'], turns: [{ calls: [{ end: { throws: 'error with a cause' } }] }] },
];
