// `npm run experiment:durable -- KILLS --agents FOLDER`: what durable calls need of Durable Objects with
// SQLite on disk, in bare workerd. Writes experiments/durable/RESULTS.md, in some 3 minutes. `--quick`
// checks what the design needs and writes nothing, in under 20 seconds.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { conclude } from '../../scripts/lib/checks.mjs';
import { format } from '../../scripts/lib/spawn.mjs';
import { agents } from './agents.mjs';
import * as alarms from './alarms.mjs';
import { checkFacts } from './facts.mjs';
import { begin, kill, start } from './process.mjs';
import { report } from './report.mjs';
import * as storage from './storage.mjs';
import * as turns from './turns.mjs';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, agents: { type: 'string' } },
  allowPositionals: true,
});
const isLong = !values.quick;
const killTimes = Number(positionals[0] ?? (isLong ? 40 : 6));
const SHARED = { 'a class of its own': 'SHARED_ALARM', 'Server of partyserver': 'SHARED_SERVER' };
/** The runtime's six retries: 126 s, and up to a quarter more. */
const LAST_RETRY = 165_000;
const TWO_RETRIES = 8_000;
const say = (text) => isLong && console.log(`experiment: ${text}`);

const seen = { killTimes };
await begin();
try {
  say('turns');
  seen.aborts = await turns.aborts(isLong);
  seen.awaits = await turns.awaits();
  seen.failures = await turns.failures(isLong ? 20 : 3);
  seen.interleave = await turns.interleave();
  seen.kills = await turns.kills(killTimes, say);

  say('alarms that outlive the process, and copies of the disk');
  const ids = await storage.prepareCopies();
  await alarms.prepareRestart();
  await kill();
  seen.tables = storage.copy(ids);
  await setTimeout(300);
  const started = Date.now();
  await start();
  seen.copies = { before: await storage.afterCopies() };
  await setTimeout(2_800);
  seen.copies.after = await storage.afterAlarmsOfCopies();
  seen.restart = await alarms.seenAfterRestart(started);
  await kill();
  storage.putBack(ids);
  await start();
  await setTimeout(isLong ? 1_000 : 200);
  seen.copies.older = await storage.older();
  if (isLong) seen.startTimes = await alarms.startTimes(10);

  say('alarms, storage, cost');
  const set = Date.now();
  const bindings = Object.values(SHARED);
  await Promise.all([
    alarms.setAlarms(),
    ...bindings.map((binding) => alarms.setShared(binding, isLong)),
  ]);
  seen.alarmOfThrown = await alarms.alarmIn('throws once');
  seen.shadow = await alarms.shadow();
  seen.deletions = await storage.deletions();
  seen.bookmarks = await storage.bookmarks();
  seen.refused = await storage.refused();
  seen.rowsWritten = await storage.rowsWritten();
  seen.twoLists = await storage.twoLists();
  if (isLong) {
    seen.limits = await storage.limits();
    seen.sizes = await storage.sizes([1, 10, 100, 1_024, 2_048, 4_096, 8_191], 15);
    seen.pages = await storage.pages([1, 50, 200, 1_000, 10_000], 15);
    seen.ways = await storage.ways(15);
  }
  say('waits for the last retry of an alarm, two minutes');
  await setTimeout(Math.max(0, set + (isLong ? LAST_RETRY : TWO_RETRIES) - Date.now()));
  seen.alarms = await alarms.seen();
  seen.alarmGivenUp = await alarms.alarmIn('throws, always');
  seen.shared = {};
  for (const [of, binding] of Object.entries(SHARED)) {
    seen.shared[of] = await alarms.seenShared(binding, isLong);
  }
  if (values.agents !== undefined) seen.agents = await agents(values.agents);
} finally {
  await kill();
}

checkFacts(seen);
conclude();
if (isLong) {
  const conclusion = readFileSync('experiments/durable/CONCLUSION.md', 'utf8');
  writeFileSync('experiments/durable/RESULTS.md', report(seen, conclusion));
  format(['experiments/durable/RESULTS.md']);
}
