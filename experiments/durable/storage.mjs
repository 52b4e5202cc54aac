// Questions 3, 6 and 7: what is left of storage, what values and lists cost, and a call written by hand.
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { median, ratio } from '../../scripts/lib/statistics.mjs';
import { ask, call, DISK } from './process.mjs';

const FILES = `${DISK}/storage`;
const KEPT = 'target/experiments/durable/kept';
const ENDINGS = ['', '-wal', '-shm'];
const DELETIONS = {
  deleteAll: [false, false, false],
  'put, deleteAll': [true, false, false],
  'deleteAll, put': [false, true, false],
  'deleteAll, abort at once': [false, false, true],
  'put, deleteAll, put, abort at once': [true, true, true],
};
const COPIES = ['copy', 'copy armed anew', 'copy armed for the same time'];
const ALARM_IN = 1_300;

/** What is left of three rows by kv, one by SQL and an alarm. */
export async function deletions() {
  const left = {};
  for (const [name, flags] of Object.entries(DELETIONS)) {
    await call('STORAGE', name, 'fill', 'old');
    await ask([['STORAGE', name, 'deleteAll', ...flags]]);
    left[name] = await call('STORAGE', name, 'left');
  }
  for (const how of ['transactionSync', 'transaction']) {
    await call('STORAGE', how, 'fill', 'old');
    const said = await call('STORAGE', how, 'deleteAllIn', how);
    left[`deleteAll in a ${how} that throws`] = { ...(await call('STORAGE', how, 'left')), said };
  }
  return left;
}

export const bookmarks = () => call('STORAGE', 'bookmarks', 'bookmarks');

/** Objects to be copied, before the process is killed. */
export async function prepareCopies() {
  const names = ['original', 'older', ...COPIES];
  const ids = await ask(names.map((name) => ['STORAGE', name, 'objectId']));
  for (const name of ['original', 'older']) await call('STORAGE', name, 'fill', 'old', ALARM_IN);
  return Object.fromEntries(names.map((name, at) => [name, ids[at].value]));
}

/** While the process is down. Returns the rows of the tables of the original. */
export function copy(ids) {
  mkdirSync(KEPT, { recursive: true });
  for (const name of COPIES) copyFiles(`${FILES}/${ids.original}`, `${FILES}/${ids[name]}`);
  for (const name of ['original', 'older']) copyFiles(`${FILES}/${ids[name]}`, `${KEPT}/${name}`);
  const database = new DatabaseSync(`${KEPT}/original.sqlite`);
  const tables = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all();
  const rows = tables.map(({ name, sql }) => ({
    name,
    rows: database.prepare(`SELECT count(*) AS rows FROM ${name}`).get().rows,
    hasRowid: !sql.includes('WITHOUT ROWID'),
  }));
  database.close();
  return rows;
}

/** After the start: what the copies have, and what two of them do about their alarm. */
export async function afterCopies() {
  const first = await ask(['original', ...COPIES].map((name) => ['STORAGE', name, 'left']));
  await ask([
    ['STORAGE', COPIES[1], 'arm', 500],
    ['STORAGE', COPIES[2], 'arm', 'same'],
    ['STORAGE', 'older', 'deleteAll', false, true, false],
  ]);
  return first.map(({ value }) => value);
}

export async function afterAlarmsOfCopies() {
  const later = await ask(['original', ...COPIES].map((name) => ['STORAGE', name, 'left']));
  return later.map(({ value }) => value);
}

/** While the process is down: an earlier state of an object under its own id. */
export const putBack = (ids) => copyFiles(`${KEPT}/older`, `${FILES}/${ids.older}`);

export const older = () => call('STORAGE', 'older', 'left');

function copyFiles(from, to) {
  for (const ending of ENDINGS) {
    if (existsSync(`${from}.sqlite${ending}`)) {
      cpSync(`${from}.sqlite${ending}`, `${to}.sqlite${ending}`);
    }
  }
}

/** Milliseconds for one put, committed, and one get, by size; medians of interleaved rounds. */
export async function sizes(kilobytes, rounds) {
  const samples = kilobytes.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, size] of kilobytes.entries()) {
      const times = size >= 1_000 ? 4 : 40;
      const putAndGet = () => call('STORAGE', `size ${size}`, 'putAndGet', size * 1_024, times);
      const taken = await timed(times, putAndGet);
      if (round > 0) samples[at].push(taken);
    }
  }
  return kilobytes.map((size, at) => ({
    size,
    milliseconds: median(samples[at]),
    ratio: ratio(samples[at], samples[0]),
  }));
}

export async function limits() {
  const apis = ['kv', 'async', 'sql'];
  const found = await ask(apis.map((api) => ['STORAGE', `largest ${api}`, 'largest', api]));
  return apis.map((api, at) => ({ api, ...found[at].value }));
}

export const refused = () => call('STORAGE', 'refused', 'refused');
export const rowsWritten = () => call('STORAGE', 'rows', 'rowsWritten');
export const twoLists = () => call('STORAGE', 'two', 'twoLists');

/** Milliseconds for a page of `limit` rows, of 10,000. */
export async function pages(pageSizes, rounds) {
  const rows = 10_000;
  await call('STORAGE', 'many', 'fillMany', rows);
  const samples = pageSizes.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, limit] of pageSizes.entries()) {
      samples[at].push(
        await timed(Math.ceil(rows / limit), () => call('STORAGE', 'many', 'pages', limit)),
      );
    }
  }
  return pageSizes.map((limit, at) => ({ limit, milliseconds: median(samples[at]) }));
}

/** Milliseconds for one call of each way, one by one and 200 at once, and ratios to the first way. */
export async function ways(rounds) {
  const names = await call('SENDER', 'sender', 'ways');
  const samples = names.map(() => ({ oneByOne: [], together: [] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, way] of names.entries()) {
      for (const how of ['oneByOne', 'together']) {
        const taken = await timed(200, () => call('SENDER', 'sender', how, way, 200));
        if (round > 0) samples[at][how].push(taken);
      }
    }
  }
  return names.map((way, at) => ({
    way,
    ...Object.fromEntries(
      ['oneByOne', 'together'].map((how) => [
        how,
        {
          microseconds: median(samples[at][how]) * 1_000,
          ratio: ratio(samples[at][how], samples[0][how]),
        },
      ]),
    ),
  }));
}

async function timed(times, make) {
  const start = performance.now();
  await make();
  return (performance.now() - start) / times;
}
