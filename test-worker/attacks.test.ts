/**
 * A hostile sender. Each frame here is refused with its code before any of its steps runs, and the
 * object answers the next honest call.
 */
import { env } from 'cloudflare:workers';
import { newContinuation } from '@lumenize/call';
import { expect, test } from 'vitest';
import { initSync } from '../pkg/wasm/lumenize_call.js';
import { asSent, cbor, chainOf, frameOf, raw, refusal, send, VERSION } from './handmade.js';
import { inCalc, inCaller } from './in-object.js';
import type { Unreadable } from './receivers.js';

const NEXT = [
  [0, 0, 0],
  [1, 1],
];
const deep = (depth: number): unknown[] => Array.from({ length: depth }, () => [2, -1]);
const nested = (levels: number) => [
  ...NEXT,
  ...Array.from({ length: levels }, (_, level) => [2, -(level + 2)]),
];

/** Names that lead to prototypes from any value. */
const REFUSED_NAMES = [
  '__proto__',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
];

/** Names that are no entry: lifecycle, RPC's own, the facade's, own properties, inherited ones. */
const NO_ENTRIES = [
  'prototype',
  'constructor',
  'caller',
  'callee',
  'arguments',
  'then',
  'fetch',
  'connect',
  'alarm',
  'webSocketMessage',
  'webSocketClose',
  'webSocketError',
  'dup',
  'ctn',
  'svc',
  'onCallError',
  '__lmzCall',
  '__lmzInit',
  'log',
  'messages',
  'ctx',
  'env',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'missing',
  '',
  '0',
  'Symbol.iterator',
  '#own',
  'next ',
  ' next',
  'NEXT',
  'ne\u200bxt',
  'ｎext',
  'ｃonstructor',
  'nexṭ',
];

const attacks: readonly (readonly [
  name: string,
  frame: unknown,
  code: string,
  slots?: unknown[],
])[] = [
  ...REFUSED_NAMES.map(
    (name) => [`entry ${name}`, frameOf([name], 0, [0, 0, 0]), 'not-callable'] as const,
  ),
  ...REFUSED_NAMES.map((name) => [`step ${name}`, chainOf('next', name), 'not-callable'] as const),
  ...REFUSED_NAMES.map(
    (name) => [`late step ${name}`, chainOf('next', 'a', 'b', name), 'not-callable'] as const,
  ),
  ...NO_ENTRIES.map(
    (name) => [`entry '${name}'`, frameOf([name], 0, [0, 0, 0], [1, 1]), 'not-callable'] as const,
  ),
  [
    'an honest entry before a hostile one',
    frameOf(['next', 'ctx'], 0, ...NEXT, [0, 0, 1]),
    'not-callable',
  ],

  ['a name with U+0000', frameOf(['next\0ctx'], 0, ...NEXT), 'protocol'],
  [
    'a name that is a lone surrogate',
    frameOf([raw(0x63, 0xed, 0xa0, 0x80)], 0, ...NEXT),
    'protocol',
  ],
  ['an overlong name', frameOf([raw(0x62, 0xc0, 0xaf)], 0, ...NEXT), 'protocol'],
  ['a name that ends within a character', frameOf([raw(0x61, 0xc3)], 0, ...NEXT), 'protocol'],
  ['a name that is no UTF-8', frameOf([raw(0x61, 0xff)], 0, ...NEXT), 'protocol'],
  ['a name of bytes', frameOf([raw(0x44, 0x6e, 0x65, 0x78, 0x74)], 0, ...NEXT), 'protocol'],
  ['a name that is a number', frameOf([5], 0, ...NEXT), 'protocol'],
  ['a name in pieces', frameOf([raw(0x7f, 0x61, 0x6e, 0xff)], 0, ...NEXT), 'protocol'],
  ['a name of 513 bytes', frameOf(['n'.repeat(513)], 0, ...NEXT), 'limit-exceeded'],

  ['nothing', undefined, 'protocol'],
  ['null', null, 'protocol'],
  ['text', 'next', 'protocol'],
  ['a number', 5, 'protocol'],
  ['an object', { next: 1 }, 'protocol'],
  ['a list of numbers', [...frameOf(['next'], 0, ...NEXT)], 'protocol'],
  ['an ArrayBuffer', frameOf(['next'], 0, ...NEXT).buffer, 'protocol'],
  ['another typed array', new Uint16Array(8), 'protocol'],
  ['no bytes', raw(), 'protocol'],
  ['a map', raw(0xa1, 0x01, 0x02), 'protocol'],
  ['an integer', raw(0x01), 'protocol'],
  ['a list of indefinite length', raw(0x9f, VERSION, 0x80, 0x80, 0xff), 'protocol'],
  ['a tagged list', raw(0xc1, ...frameOf(['next'], 0, ...NEXT)), 'protocol'],
  ['version 0', Uint8Array.from(cbor([0, ['next'], [[0, NEXT]]])), 'protocol'],
  ['version 1', Uint8Array.from(cbor([1, ['next'], [[0, NEXT]]])), 'protocol'],
  ['version 3', Uint8Array.from(cbor([3, ['next'], [[0, NEXT]]])), 'protocol'],
  ['version -1', Uint8Array.from(cbor([-1, ['next'], [[0, NEXT]]])), 'protocol'],
  ['version 2^40', Uint8Array.from(cbor([2 ** 40, ['next'], [[0, NEXT]]])), 'protocol'],
  ['a version that is text', Uint8Array.from(cbor(['2', ['next'], [[0, NEXT]]])), 'protocol'],
  ['two parts', Uint8Array.from(cbor([VERSION, ['next']])), 'protocol'],
  ['four parts', Uint8Array.from(cbor([VERSION, ['next'], [[0, NEXT]], 0])), 'protocol'],
  ['what follows the frame', Uint8Array.from([...frameOf(['next'], 0, ...NEXT), 0]), 'protocol'],
  ['no program', Uint8Array.from(cbor([VERSION, ['next'], []])), 'protocol'],
  [
    'two programs',
    Uint8Array.from(
      cbor([
        VERSION,
        ['next'],
        [
          [0, NEXT],
          [0, NEXT],
        ],
      ]),
    ),
    'limit-exceeded',
  ],
  ['a program without a step', frameOf(['next'], 0), 'protocol'],
  ['a program that is no list', Uint8Array.from(cbor([VERSION, ['next'], [5]])), 'protocol'],
  [
    'a program of three parts',
    Uint8Array.from(cbor([VERSION, ['next'], [[0, NEXT, 0]]])),
    'protocol',
  ],

  ['an empty step', frameOf(['next'], 0, []), 'protocol'],
  ['a step of kind 4', frameOf(['next'], 0, [4, 0, 0]), 'protocol'],
  ['a step of kind -1', frameOf(['next'], 0, [-1, 0, 0]), 'protocol'],
  ['a get of one operand', frameOf(['next'], 0, [0, 0]), 'protocol'],
  ['a get of three operands', frameOf(['next'], 0, [0, 0, 0, 0]), 'protocol'],
  ['an apply without a callee', frameOf(['next'], 0, [0, 0, 0], [1]), 'protocol'],
  ['an object with half an entry', frameOf(['next'], 0, ...NEXT, [3, 0]), 'protocol'],
  ['a name out of range', frameOf(['next'], 0, [0, 0, 1]), 'protocol'],
  ['a name out of 32 bits', frameOf(['next'], 0, [0, 0, 2 ** 32]), 'protocol'],
  ['the target as a method', frameOf(['next'], 0, [1, 0]), 'protocol'],
  [
    'an argument of -2^64',
    frameOf(
      ['next'],
      0,
      [0, 0, 0],
      [1, 1, raw(0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ),
    'protocol',
  ],
  ['a step that reads itself', frameOf(['next'], 0, [0, 1, 0]), 'protocol'],
  ['a step that calls itself', frameOf(['next'], 0, [0, 0, 0], [1, 2]), 'protocol'],
  ['a step that is its own argument', frameOf(['next'], 0, [0, 0, 0], [1, 1, -2]), 'protocol'],
  ['a cycle of two steps', frameOf(['next'], 0, [0, 0, 0], [1, 1, -3], [1, 1, -2]), 'protocol'],
  ['an array that contains itself', frameOf(['next'], 0, [2, -1]), 'protocol'],
  [
    'a method of what was made for an argument',
    frameOf(['match'], 2, [2, 0], [0, 1, 0], [1, 2, 1]),
    'protocol',
    ['a', 'b'],
  ],
  ['4,097 names', frameOf(new Array(4097).fill('n'), 0, ...NEXT), 'limit-exceeded'],
  ['an argument of 2^40', frameOf(['next'], 1, [0, 0, 0], [1, 1, 2 ** 40]), 'protocol', [1]],
  ['an argument of 2^31', frameOf(['next'], 1, [0, 0, 0], [1, 1, 2 ** 31]), 'protocol', [1]],
  [
    'an argument that is a float',
    frameOf(['next'], 1, [0, 0, 0], [1, 1, raw(0xf9, 0x3c, 0x00)]),
    'protocol',
    [1],
  ],
  ['an argument that is text', frameOf(['next'], 1, [0, 0, 0], [1, 1, 'a']), 'protocol', [1]],
  ['a hole as an argument', frameOf(['next'], 1, [0, 0, 0], [1, 1, raw(0xf7)]), 'protocol', [1]],
  ['an outcome', frameOf(['next'], 0, [0, 0, 0], [1, 1, null]), 'protocol'],
  ['a slot out of range', frameOf(['next'], 1, [0, 0, 0], [1, 1, 1]), 'protocol', [1]],
  ['more slots than came along', frameOf(['next'], 2, [0, 0, 0], [1, 1, 0, 1]), 'protocol', [1]],
  ['a hole as an entry of an object', frameOf(['next'], 0, ...NEXT, [3, 0, raw(0xf7)]), 'protocol'],
  ['slots out of 32 bits', frameOf(['next'], 2 ** 32, ...NEXT), 'protocol'],

  ['names whose length lies', raw(0x83, VERSION, 0x9a, 0xff, 0xff, 0xff, 0xff), 'protocol'],
  [
    'names whose length lies by 2^53',
    raw(0x83, VERSION, 0x9b, 0, 0x20, 0, 0, 0, 0, 0, 0),
    'protocol',
  ],
  [
    'steps whose length lies',
    raw(0x83, VERSION, 0x80, 0x81, 0x82, 0, 0x9a, 0x7f, 0xff, 0xff, 0xff),
    'protocol',
  ],
  [
    'arguments whose length lies',
    raw(0x83, VERSION, 0x80, 0x81, 0x82, 0, 0x81, 0x99, 0xff, 0xff, 0x01, 0x01),
    'protocol',
  ],
  [
    'text whose length lies',
    raw(0x83, VERSION, 0x81, 0x7a, 0xff, 0xff, 0xff, 0xff, 0x61),
    'protocol',
  ],
  ['lists in lists, 10,000 deep', new Uint8Array(10_000).fill(0x81), 'protocol'],
  ['arrays in arrays, 66 deep', frameOf(['next'], 0, ...nested(66)), 'limit-exceeded'],
  ['1,025 steps', frameOf(['next'], 0, ...NEXT, ...deep(1023)), 'limit-exceeded'],
  [
    '1,025 arguments',
    frameOf(['next'], 0, ...NEXT, [1, 1, ...new Array(1025).fill(-2)]),
    'limit-exceeded',
  ],
  [
    '1,025 entries',
    frameOf(['next'], 0, ...NEXT, [3, ...new Array(1025).fill([0, -2]).flat()]),
    'limit-exceeded',
  ],
  ['16,385 slots', frameOf(['next'], 16_385, ...NEXT), 'limit-exceeded', new Array(16_385).fill(0)],
  ['a frame of 1 MiB and 1 byte', new Uint8Array(1_048_577), 'limit-exceeded'],
];

test(`rule 25: ${attacks.length} hostile frames are refused before any step runs`, async () => {
  for (const [name, frame, code, slots = []] of attacks) {
    expect
      .soft(await refusal('attacked', frame, ...slots).catch(String), name)
      .toMatchObject({ code });
  }
  expect(await inCalc('attacked', (calc) => calc.log)).toEqual([]);
  expect(await send('attacked', frameOf(['next'], 0, ...NEXT))).toBe(2);
});

test('rule 25: an honest frame cut at every byte is refused', async () => {
  const honest = frameOf(['next', 'k'], 0, ...NEXT, [3, 1, -2], [2, -3, -2]);
  for (let length = 0; length < honest.length; length++) {
    expect(await refusal('cut', honest.slice(0, length))).toMatchObject({ code: 'protocol' });
  }
  expect(await inCalc('cut', (calc) => calc.log)).toEqual([]);
});

test('rule 25: 2,000 mutated frames do no harm to the object that receives them', async () => {
  const honest = frameOf(['next', 'k'], 0, ...NEXT, [3, 1, -2], [2, -3, -2]);
  for (let seed = 1; seed <= 2_000; seed++) {
    const mutated = honest.slice();
    for (let change = 0; change <= seed % 3; change++) {
      const random = Math.imul(seed * 31 + change, 0x9e3779b1) >>> 0;
      mutated[random % mutated.length] = (random >>> 16) & 0xff;
    }
    await send('mutated', mutated);
  }
  expect(typeof (await send('mutated', frameOf(['next'], 0, ...NEXT)))).toBe('number');
});

test('rule 29: another version is refused with both numbers in the message', async () => {
  const { message } = await refusal('attacked', Uint8Array.from(cbor([1, ['next'], [[0, NEXT]]])));
  expect(message).toContain('version 2');
  expect(message).toContain('version 1');
});

/** What only shows once something has run: refused where it would leave what is open to callers. */
test.for([
  ['the context, by way of a method that returns the object', chainOf('itself', 'ctx')],
  ['the environment, by that way', chainOf('itself', 'env')],
  ['an own property, by that way', chainOf('itself', 'log')],
  ['a method of Object.prototype, by that way', chainOf('itself', 'toString')],
  ['an own property of an RpcTarget', chainOf('session', 'secret')],
  ['a lifecycle method, by that way', chainOf('itself', 'alarm')],
  ['another lifecycle method, by that way', chainOf('itself', 'fetch')],
  ['the facade, by that way', chainOf('itself', 'svc')],
  ['the error hook, by that way', chainOf('itself', 'onCallError')],
  ['a method as an argument', frameOf(['echo', 'isItself'], 0, [0, 0, 0], [0, 0, 1], [1, 1, -2])],
  [
    'a method with another `this`',
    frameOf(['words', 'map', 'isItself'], 0, [0, 0, 0], [1, 1], [0, 2, 1], [0, 0, 2], [1, 3, -4]),
  ],
  ['a method as a result', frameOf(['isItself'], 0, [0, 0, 0])],
  ['what changes a returned array', chainOf('words', 'push')],
  ['what sorts it', chainOf('words', 'sort')],
  ['what makes much of a little text', chainOf('greet', 'repeat')],
  ['what runs a regular expression', chainOf('greet', 'match')],
  ['a member of Object.prototype of a result', chainOf('words', 'hasOwnProperty')],
  ['`call` of a closure', chainOf('closure', 'call')],
  ['`apply` of a closure', chainOf('closure', 'apply')],
  ['`bind` of a closure', chainOf('closure', 'bind')],
  ['the source of a closure', chainOf('closure', 'toString')],
  ['the length of a closure', chainOf('closure', 'length')],
  ['the source of a method', frameOf(['next', 'toString'], 0, [0, 0, 0], [0, 1, 1])],
] as const)('rule 26: %s is not reached', async ([, frame]) => {
  const answer = await send('detours', frame);
  expect(answer).toMatchObject(['__lmzFailure', { properties: { code: 'not-callable' } }]);
});

/** A frame of 65,536 names, each read from the target: as much as any class can accept. */
function widest(): Uint8Array {
  const names = Array.from({ length: 65_536 }, (_, at) => `n${at.toString(36)}`);
  return frameOf(names, 0, ...names.map((_, at) => [0, 0, at]));
}

test('rule 25: the widest frame costs time and memory that its bytes account for', async () => {
  const { memory } = initSync({} as never);
  const frame = asSent(widest());
  const stub = env.ROOMY.getByName('widest') as unknown as {
    __lmzCall(frame: unknown): Promise<unknown>;
  };
  const start = Date.now();
  for (let round = 0; round < 3; round++) {
    expect(await stub.__lmzCall(frame)).toMatchObject(['__lmzRefusal', expect.anything()]);
  }
  expect(Date.now() - start).toBeLessThan(3_000);
  // Nine times the two MiB that a frame may have, and what was there before.
  expect(memory.buffer.byteLength).toBeLessThan(24 * 2 ** 20);
});

test('rule 30: limits that cannot be read are the class at fault, and the core lives', () =>
  inCaller('unreadable', async (caller) => {
    const ping = newContinuation<Unreadable>().ping();
    for (let round = 0; round < 2; round++) {
      await expect(caller.svc.callRaw('UNREADABLE', 'main', ping)).rejects.toMatchObject({
        code: 'invalid-option',
        message: expect.stringContaining('callLimits cannot be read: RangeError: not today'),
      });
    }
  }));
