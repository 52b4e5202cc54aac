// The facts that the design needs. What it does not need, or must not rely on, is only reported.
import { check } from '../../scripts/lib/checks.mjs';
import { emptyTally, WRITES_LAST } from './turns.mjs';

export function checkFacts(seen) {
  checkCommits(seen);
  checkSends(seen);
  checkAlarms(seen);
}

function checkCommits({ aborts, kills, awaits }) {
  const torn = (tally) => tally['last without record'] + tally['record without last'];
  const never = (tally) => tally['record without last'] + tally['last and record without first'];
  for (const [shape, isTogether] of Object.entries(WRITES_LAST)) {
    const ofAborts = aborts[shape];
    const ofKills = kills.tallies[shape] ?? emptyTally();
    check(`${shape}: nothing commits before its turn ends`, ofAborts.all === 0);
    check(`${shape}: no record without its write`, never(ofAborts) + never(ofKills) === 0);
    if (!isTogether) continue;
    check(`${shape}: last write and record together, when aborted`, torn(ofAborts) === 0);
    check(`${shape}: last write and record together, when killed`, torn(ofKills) === 0);
  }
  check('all that was answered is on disk', kills.lost === 0 && kills.answered > 0);
  const ends = Object.fromEntries(awaits.map((each) => [each.kind, each.ends]));
  for (const kind of ['storage.getAlarm', 'storage.setAlarm', '1,000 resolved promises']) {
    check(`an await of ${kind} does not end the turn`, ends[kind] === false);
  }
  for (const kind of ['scheduler.wait(0)', 'an RPC to another object', 'storage.sync']) {
    check(`an await of ${kind} ends the turn`, ends[kind] === true);
  }
}

function checkSends({ failures, deletions, kills }) {
  const { sends } = kills;
  check('killed: no message without the row put before it', sends['put, send'] === 0);
  check('killed: messages were sent', sends.received > 0);
  for (const { way, times, sent, there } of failures) {
    if (way.startsWith('control')) check(way, sent === times && there === times);
    if (way.includes('abort')) check(`${way}: nothing is sent`, sent === 0 && there === 0);
    if (way.startsWith('transactionSync') && way.includes('microtask')) {
      check(`${way}: nothing is sent`, sent === 0);
    }
    if (way.includes('send after it')) check(`${way}: nothing is sent`, sent === 0);
  }
  const { alarm, kv, sql } = deletions.deleteAll;
  check('deleteAll leaves nothing', !alarm && kv.length === 0 && sql === 0);
}

function checkAlarms({ copies, restart, shared }) {
  check('a copy wakes only after it has set its alarm', !copies.after[1].woke);
  check('a copy wakes after it has set its alarm', copies.after[2].woke);
  for (const { state, starts, runs } of restart) {
    if (state === 'no alarm') check('nothing starts without an alarm', starts.length === 0);
    else check(`${state}: its alarm runs by itself`, runs.length > 0);
  }
  for (const [of, cases] of Object.entries(shared)) {
    for (const { name, ok } of cases) check(`shared alarm of ${of}: ${name}`, ok);
  }
}
