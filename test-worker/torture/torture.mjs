// `npm run torture -- [KILLS] [SEED]`: accounts transfer money by durable calls in bare workerd, with storage on
// disk, while the process is killed at random moments and started again, and single objects are reset. At the
// end each transfer has happened on both sides or on neither, and each handler has run once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from '../../scripts/build/build.mjs';
import { check, conclude } from '../../scripts/lib/checks.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const KILLS = Number(process.argv[2] ?? 60);
const SEED = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const ACCOUNTS = Array.from({ length: 10 }, (_, at) => `account ${at}`);
const BALANCE = 1_000;
const METHODS = ['take', 'take', 'takeLast', 'takeAfterOthers', 'refuse', 'takeAndCrash'];
const HANDLERS = ['onTaken', 'onTaken', 'onTakenLast', 'onTakenCrash'];
const PLACES = [
  ...['turn', 'turn', 'turn', 'transaction', 'taken back', 'taken back at once'],
  ...['alarm', 'alarm of a transaction'],
];
/** Transfers between two kills, at the most. */
const TRANSFERS = 100;
/** Milliseconds from a start to a kill, at the most. */
const LIFE = 1_200;
/** Milliseconds by which a clock is wrong, at the most. */
const JUMP = 30_000;
/** Milliseconds until nothing may be pending any more, once nothing is killed. */
const PATIENCE = 240_000;
/** Times a hundred transfers within which all old outcomes have gone: the ledger is swept as it is written. */
const ROUNDS = 100;
/** Milliseconds after which no outcome is needed any more. */
const TWO_DAYS = 2 * 24 * 3_600_000;

if (!(KILLS > 0) || !Number.isInteger(SEED)) {
  console.error('torture: say how many kills, as in: npm run torture -- 60 [SEED]');
  process.exit(1);
}
build();
await bundle('test-worker/torture/worker.ts', 'target/torture');
const disk = mkdtempSync(join(tmpdir(), 'torture-'));
const random = randomFrom(SEED);
const counts = { transfers: 0, resets: 0, jumps: 0 };
console.log(`torture: seed ${SEED}`);
try {
  for (let kill = 0; kill < KILLS; kill++) {
    await live();
    if (kill % 20 === 19) console.log(`torture: ${kill + 1} kills`);
  }
  await judge();
} finally {
  rmSync(disk, { recursive: true, force: true });
}
conclude();

/** One life of the process: transfers, resets, and a SIGKILL. */
async function live() {
  const server = await start();
  const made = transfers(1 + Math.floor(random() * TRANSFERS));
  // What has no answer when the process ends is nobody's concern.
  const ask = (answer) => answer.catch(() => {});
  const asked = [ask(post(server, made))];
  const life = random() * LIFE;
  for (let left = life; left > 0; ) {
    const pause = Math.min(left, random() * 200);
    await setTimeout(pause);
    left -= pause;
    if (random() < 0.1) {
      counts.jumps += 1;
      asked.push(ask(server.ask('clock', { offset: Math.floor((random() * 2 - 1) * JUMP) })));
    }
    if (random() < 0.4) {
      counts.resets += 1;
      const how = { name: any(ACCOUNTS), ...(random() < 0.5 && { section: '' }) };
      asked.push(ask(server.ask('reset', how)));
    }
  }
  await server.kill();
  await Promise.all(asked);
}

/**
 * What is there once nothing crashes any more. An object that ends itself in an alarm may end the whole process: a
 * defect of the local runtime, which is one more kill until here.
 */
async function judge() {
  const server = await start({ TORTURE_CALM: 'yes' });
  try {
    const begin = Date.now();
    const states = await untilNothingPends(server);
    const seconds = ((Date.now() - begin) / 1_000).toFixed(1);
    console.log(`torture: nothing pends ${seconds} s after the last start`);
    examine(states);
    await expire(server, states);
  } catch (error) {
    console.log(server.complaints().slice(-3000));
    throw error;
  } finally {
    await server.kill();
  }
}

/** Every account has no stored call, and no transfer that its alarm has to make. */
async function untilNothingPends(server) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const states = await statesOf(server);
    const pending = states.flatMap(({ rows }) => keysOf(rows, /^(__lmz:[oc]:|due:)/));
    if (pending.length === 0 || Date.now() > until) {
      check(`nothing pends: ${pending.slice(0, 5)}`, pending.length === 0);
      return states;
    }
    await setTimeout(100);
  }
}

function examine(states) {
  const taken = new Map();
  for (const { name, rows } of states) {
    for (const key of keysOf(rows, /^in:/)) taken.set(key.slice(3), { by: name, times: rows[key] });
  }
  const sent = states.flatMap(({ rows }) =>
    keysOf(rows, /^out:/).map((key) => {
      const id = key.slice(4);
      return { id, ...rows[key], taken: taken.get(id), handled: rows[`done:${id}`] };
    }),
  );
  const ids = (matches) => sent.filter(matches).map(({ id }) => id);
  const expected = ({ method }) => (method === 'refuse' ? 0 : 1);
  const lost = ids((each) => (each.taken?.times ?? 0) < expected(each));
  const doubled = ids((each) => (each.taken?.times ?? 0) > expected(each));
  console.log(
    `torture: ${KILLS} kills, ${counts.resets} resets, ${counts.jumps} jumps of the clock, ${sent.length} transfers of ` +
      `${counts.transfers} asked for, lost ${lost.length}, doubled ${doubled.length}`,
  );
  const known = new Set(ids(() => true));
  none('lost', lost);
  none('doubled', doubled);
  none(
    'taken by another',
    ids(({ taken: by, to }) => by && by.by !== to),
  );
  none(
    'handled other than once',
    ids(({ handled }) => handled !== 1),
  );
  none(
    'taken and not sent',
    [...taken.keys()].filter((id) => !known.has(id)),
  );
  none(
    'taken back and there all the same',
    ids(({ id }) => id.startsWith('taken back')),
  );
  none(
    'wrong',
    states.flatMap(({ rows }) => keysOf(rows, /^wrong:/)),
  );
  none(
    'a dead letter',
    states.flatMap(({ rows }) => keysOf(rows, /^__lmz:[xy]:/)),
  );
  const sum = states.reduce((total, { rows }) => total + (rows.balance ?? BALANCE), 0);
  check(`the sum of all is what it was: ${sum}`, sum === ACCOUNTS.length * BALANCE);
  check('there were transfers', sent.length > KILLS);
}

function none(what, ids) {
  check(`none is ${what}: ${ids.slice(0, 5)}`, ids.length === 0);
}

/** Two days later, what was recorded goes as new outcomes come. */
async function expire(server, before) {
  const outcomes = (states) =>
    new Set(states.flatMap(({ name, rows }) => keysOf(rows, /^__lmz:l:/).map((key) => name + key)));
  const old = outcomes(before);
  await server.ask('clock', { offset: TWO_DAYS });
  for (let round = 0; round < ROUNDS; round++) {
    const plan = ACCOUNTS.flatMap((from) =>
      ACCOUNTS.map((to) => [from, { ...transferOf('later', to), method: 'take', place: 'turn' }]),
    ).slice(0, 100);
    await post(server, plan);
    const left = [...outcomes(await statesOf(server))].filter((key) => old.has(key));
    if (left.length === 0) break;
  }
  const left = [...outcomes(await statesOf(server))].filter((key) => old.has(key));
  console.log(`torture: of ${old.size} recorded outcomes ${left.length} are left two days later`);
  check('recorded outcomes go', left.length === 0);
}

function start(env) {
  return serve('test-worker/torture/workerd.capnp', { disk, quiet: true, env });
}

function statesOf(server) {
  return Promise.all(
    ACCOUNTS.map(async (name) => ({ name, rows: await server.ask('state', { name }) })),
  );
}

async function post(server, plan) {
  const response = await fetch(`${server.url}/transfers`, {
    method: 'POST',
    body: JSON.stringify(plan),
  });
  await response.text();
}

function transfers(count) {
  return Array.from({ length: count }, () => {
    const from = any(ACCOUNTS);
    const place = any(PLACES);
    return [from, { ...transferOf(place, any(ACCOUNTS)), place }];
  });
}

function transferOf(kind, to) {
  counts.transfers += 1;
  const id = `${kind} ${counts.transfers}`;
  const amount = 1 + Math.floor(random() * 20);
  return { id, to, amount, method: any(METHODS), handler: any(HANDLERS), hasKey: random() < 0.3 };
}

function keysOf(rows, pattern) {
  return Object.keys(rows).filter((key) => pattern.test(key));
}

function any(values) {
  return values[Math.floor(random() * values.length)];
}

/** Numbers from 0 to 1 from a seed, by mulberry32. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
