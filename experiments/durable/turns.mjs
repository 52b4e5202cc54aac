// Questions 1 and 2: what commits together, and what is sent of a turn that does not commit.
import { setTimeout } from 'node:timers/promises';
import { ask, call, loadUntilKilled, start } from './process.mjs';

const APIS = ['kv', 'sql', 'async'];
/** Microtasks after the last write at which the object is ended. A record needs fewer than 20. */
const ABORTS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50, 200];
const FEW_ABORTS = [0, 2, 5, 10, 50];
const OBJECTS = 3;
/** Milliseconds of load before a kill, at most. */
const MOST_LOAD = 200;

/** Whether the last write is made after the last await, so that the record must go with it. */
export const WRITES_LAST = {
  synchronous: true,
  'async without await': true,
  'await of a resolved promise': true,
  'await of storage.get': true,
  'await of a timer': true,
  'await of an RPC': true,
  'nine awaits of all kinds': true,
  'await of its last put': true,
  'last write five async functions deep': true,
  'last write in a transactionSync': true,
  'last write in a transaction': false,
  'writes, then awaits a timer': false,
  'writes, then awaits storage.sync': false,
};
const SHAPES = Object.keys(WRITES_LAST);

/** What is there of a call, in one word. */
function left(marks = []) {
  const first = marks.includes('first');
  const last = marks.includes('last');
  const record = marks.includes('record');
  if (last && record) return first ? 'all' : 'last and record without first';
  if (last) return 'last without record';
  if (record) return 'record without last';
  return first ? 'first alone' : 'nothing';
}

export const emptyTally = () => ({
  calls: 0,
  all: 0,
  nothing: 0,
  'first alone': 0,
  'last without record': 0,
  'record without last': 0,
  'last and record without first': 0,
});

function add(tallies, shape, marks) {
  tallies[shape] ??= emptyTally();
  tallies[shape].calls += 1;
  tallies[shape][left(marks)] += 1;
}

/** Ends the object so many microtasks after the last write, for each shape and API. */
export async function aborts(isLong) {
  const after = isLong ? ABORTS : FEW_ABORTS;
  const cases = SHAPES.flatMap((shape) =>
    APIS.flatMap((api) => after.map((times) => ({ shape, api, after: times }))),
  );
  const name = ({ shape, api, after }) => `${shape} ${api} ${after}`;
  await ask(
    cases.map((each) => ['TURNS', name(each), 'run', each.shape, each.api, 'id', each.after]),
  );
  const marks = await ask(cases.map((each) => ['TURNS', name(each), 'marks']));
  const tallies = {};
  for (const [at, { shape }] of cases.entries()) add(tallies, shape, marks[at].value.id);
  return tallies;
}

/**
 * Kills the process so often under load. Returns how many calls of each shape left what, and how many
 * calls had been answered and were not all there.
 */
export async function kills(times, say) {
  const tallies = {};
  const sends = { written: 0, received: 0, 'put, send': 0, 'send, put': 0 };
  let answered = 0;
  let lost = 0;
  for (let time = 0; time < times; time += 1) {
    const name = `kill ${time}`;
    const ids = await loadUntilKilled(name, OBJECTS, Math.random() * MOST_LOAD);
    await start();
    const objects = Array.from({ length: OBJECTS }, (_, at) => `${name} ${at}`);
    const found = await ask(objects.map((object) => ['TURNS', object, 'marks']));
    const all = new Map();
    objects.forEach((object, at) => {
      for (const [id, marks] of Object.entries(found[at].value)) {
        add(tallies, id.split('|')[0], marks);
        all.set(`${object} ${id}`, left(marks));
      }
    });
    for (const object of objects) await addSends(sends, object);
    answered += ids.length;
    lost += ids.filter((id) => all.get(id) !== 'all').length;
    if ((time + 1) % 10 === 0) say(`${time + 1} kills`);
  }
  return { tallies, sends, answered, lost };
}

/** Adds how much an object has written and its receiver got, and what was got without its row. */
async function addSends(sends, object) {
  const [written, received] = await ask([
    ['TURNS', object, 'written'],
    ['RECEIVER', object, 'received'],
  ]);
  const rows = new Set(written.value);
  sends.written += rows.size;
  sends.received += received.value.length;
  for (const id of received.value.filter((each) => !rows.has(each))) {
    sends[id.slice(0, 'put, send'.length)] += 1;
  }
}

/** Whether a put was there after an await and an abort in the same microtask. */
export async function awaits() {
  const { awaits: kinds } = await call('TURNS', 'asked', 'kinds');
  const name = (kind) => `await ${kind}`;
  await ask(kinds.map((kind) => ['TURNS', name(kind), 'endAfter', kind]));
  const outcomes = await ask(kinds.map((kind) => ['TURNS', name(kind), 'isThere']));
  return kinds.map((kind, at) => ({ kind, ends: outcomes[at].value }));
}

/** For each way to fail: how often its message was sent, and how often its put was there. */
export async function failures(times) {
  const { failures: ways } = await call('TURNS', 'asked', 'kinds');
  const cases = ways.flatMap((way) =>
    Array.from({ length: times }, (_, n) => ({ way, id: `${way} ${n}` })),
  );
  const outcomes = await ask(cases.map(({ way, id }) => ['TURNS', id, 'fail', way, id]));
  await setTimeout(200);
  const received = new Set(await call('RECEIVER', 'other', 'received'));
  const there = await ask(cases.map(({ id }) => ['TURNS', id, 'isThere']));
  return ways.map((way) => {
    const own = cases.map((each, at) => ({ ...each, at })).filter((each) => each.way === way);
    return {
      way,
      times,
      sent: own.filter(({ id }) => received.has(id)).length,
      there: own.filter(({ at }) => there[at].value).length,
      caller: outcomes[own[0].at].error ?? 'ended well',
    };
  });
}

export const interleave = () => call('TURNS', 'interleave', 'interleave');
