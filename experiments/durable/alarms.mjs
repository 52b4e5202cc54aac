// Questions 4, 5 and 8: what the runtime does with alarms, whether one can be shared, and what starts.
import { setTimeout } from 'node:timers/promises';
import { ask, call, kill, start } from './process.mjs';

/** Runs of a handler, one line of steps each; the last line is for all later runs. */
export const PLANS = {
  'throws, always': [['get', 'throw']],
  'throws once': [['throw'], ['get']],
  'sets one in 100 ms, throws': [['set 100', 'throw'], ['get']],
  'sets one in 100 ms, commits, throws': [['set 100', 'commit', 'throw'], ['get']],
  'deletes, throws': [['delete', 'throw'], ['get']],
  'sets one in 100 ms': [['get', 'set 100', 'get'], ['get']],
  'sets one for the time for which it runs': [['set same'], ['get']],
  'sets one for now': [['set 0'], ['get']],
  'sets one and deletes it': [['set 100', 'delete', 'get'], ['get']],
  'ends its object': [['abort'], ['get']],
  'sets one in 100 ms, commits, ends its object': [['set 100', 'commit', 'abort'], ['get']],
  'ends its object with retryAlarm: false': [['abort, no retry'], ['get']],
};
/** What else is asked, by name: the plan, the delays of the alarms that are set, and a later event. */
const OTHERS = {
  'two set in one turn, in 100 and then in 200 ms': { delays: [100, 200] },
  'two set in one turn, in 200 and then in 100 ms': { delays: [200, 100] },
  'one set for a second ago': { delays: [-1_000] },
  'one set by another event, for at once, while it runs': {
    plan: [['wait 400'], ['get']],
    later: ['set', 0],
  },
  'throws; one set by another event before the retry': {
    plan: [['throw'], ['get']],
    later: ['set', 100],
  },
  'throws; one set by another event for after the retry': {
    plan: [['throw'], ['get']],
    later: ['set', 4_000],
  },
  'throws; its object is reset before the retry': { plan: [['throw'], ['get']], later: ['reset'] },
};
const FIRST = 100;

/** Sets all alarms; `seen` is asked for later. */
export async function setAlarms() {
  const plans = Object.entries(PLANS).map(([name, plan]) => [name, plan, [FIRST]]);
  const others = Object.entries(OTHERS).map(([name, { plan, delays }]) => [
    name,
    plan ?? [['get']],
    delays ?? [FIRST],
  ]);
  const calls = [...plans, ...others].map(([name, plan, delays]) => [
    ...['ALARMS', name, 'start'],
    ...[plan, delays],
  ]);
  await ask(calls);
  await setTimeout(FIRST + 200);
  const later = Object.entries(OTHERS).filter(([, other]) => other.later);
  await ask(later.map(([name, other]) => ['ALARMS', name, ...other.later]));
}

export async function alarmIn(name) {
  return call('ALARMS', name, 'alarmIn');
}

export async function seen() {
  const names = [...Object.keys(PLANS), ...Object.keys(OTHERS)];
  const outcomes = await ask(names.map((name) => ['ALARMS', name, 'since']));
  return Object.fromEntries(names.map((name, at) => [name, outcomes[at].value.runs]));
}

export const shadow = () => call('ALARMS', 'shadow', 'shadow');

/** Wakes of ours in milliseconds since the start, and how often their handler has to run. */
const SHARED = {
  'theirs runs well': { plan: [['get']], delays: [300], wakes: [100, 200, 300, 400], theirs: 1 },
  'theirs throws twice': {
    plan: [['throw'], ['throw'], ['get']],
    delays: [300],
    wakes: [100, 500, 1_000, 1_500, 2_500, 3_500],
    theirs: 3,
  },
  'theirs sets itself twice': {
    plan: [['set 200'], ['set 200'], ['get']],
    delays: [300],
    wakes: [100, 350, 600, 900],
    theirs: 3,
  },
  'theirs sets and deletes': {
    plan: [['set 200', 'delete', 'get'], ['get']],
    delays: [300],
    wakes: [100, 350, 600],
    theirs: 1,
  },
  'theirs sets one and throws': {
    plan: [['set 200', 'throw'], ['get']],
    delays: [300],
    wakes: [100, 350, 600],
    theirs: 2,
  },
  'theirs ends its object': {
    plan: [['abort'], ['get']],
    delays: [300],
    wakes: [100, 350, 600],
    theirs: 2,
    // On a busy machine one of ours is in the turn that is lost, and runs again.
    mayRepeat: true,
  },
  'theirs throws, nothing of ours': {
    plan: [['throw'], ['get']],
    delays: [300],
    wakes: [],
    theirs: 2,
  },
  'theirs throws; then one of ours for soon is asked for': {
    plan: [['throw'], ['get']],
    delays: [300],
    wakes: [],
    want: 100,
    theirs: 2,
  },
  'theirs throws; then one of ours for later than its retry': {
    plan: [['throw'], ['get']],
    delays: [300],
    wakes: [],
    want: 4_000,
    theirs: 2,
  },
};
/** For the long run only: the runtime gives up after six retries, which is two minutes later. */
const SHARED_LONG = {
  'theirs throws, always': {
    plan: [['throw']],
    delays: [300],
    wakes: [100, 1_000, 10_000, 60_000, 120_000, 128_000],
    theirs: 7,
  },
};
const sharedCases = (isLong) => (isLong ? { ...SHARED, ...SHARED_LONG } : SHARED);
const WANT_AT = 600;

export async function setShared(binding, isLong) {
  await ask(
    Object.entries(sharedCases(isLong)).map(([name, { plan, delays, wakes }]) => [
      ...[binding, name, 'start'],
      ...[plan, delays, wakes],
    ]),
  );
  await setTimeout(WANT_AT);
  const wanted = Object.entries(SHARED).filter(([, { want }]) => want !== undefined);
  await ask(wanted.map(([name, { want }]) => [binding, name, 'want', want]));
}

/** For each case: how often theirs ran and ours, beside how often they had to, and their lateness. */
export async function seenShared(binding, isLong) {
  const cases = Object.entries(sharedCases(isLong));
  const outcomes = await ask(cases.map(([name]) => [binding, name, 'since']));
  return cases.map(([name, { wakes, want, theirs, mayRepeat = false }], at) => {
    const { runs, ours, left } = outcomes[at].value;
    const asked = want === undefined ? wakes : [WANT_AT + want];
    const late = asked.map((time, n) => ours[n + ours.length - asked.length] - time);
    const isComplete = ours.length === asked.length || (mayRepeat && ours.length > asked.length);
    return {
      name,
      theirs: `${runs.length} of ${theirs}`,
      ours: `${ours.length} of ${asked.length}`,
      late: Math.max(0, ...late),
      retryCounts: runs.map(({ retryCount }) => retryCount),
      times: runs.map(({ after }) => after),
      ok: runs.length === theirs && isComplete && left === null,
    };
  });
}

/** Objects whose alarm is in some state when the process is killed, 250 ms after it is set. */
const AT_KILL = {
  'due while the process is down': [[['get']], [400]],
  'its handler runs at the kill': [[['wait 30000']], [50]],
  'has thrown, its retry waits': [[['throw'], ['throw'], ['get']], [50]],
  'due 1 s after the start': [[['get']], [1_700]],
  'no alarm': [[['get']], []],
};
const states = Object.keys(AT_KILL);

export async function prepareRestart() {
  await ask(states.map((state) => ['ALARMS', `kill ${state}`, 'start', ...AT_KILL[state]]));
  await setTimeout(250);
}

/** For each state: when the object started and when its alarm ran, since `started`, by itself. */
export async function seenAfterRestart(started) {
  const now = Date.now();
  const disks = await ask(states.map((state) => ['ALARMS', `kill ${state}`, 'onDisk']));
  // The question itself starts an object that does not run.
  const since = (entries) =>
    entries
      .map(({ at, value }) => ({ time: at - started, value }))
      .filter(({ time }) => time >= 0 && time < now - started);
  return states.map((state, at) => ({
    state,
    starts: since(disks[at].value.start).map(({ time }) => time),
    runs: since(disks[at].value.run).map(({ time, value }) => ({ time, retryCount: value })),
  }));
}

/** Milliseconds from the start of the process until the run of an alarm that is due, so often. */
export async function startTimes(times) {
  const taken = [];
  for (let n = 0; n < times; n += 1) {
    const name = `start ${n}`;
    await call('ALARMS', name, 'start', [['get']], [150]);
    await kill();
    await setTimeout(200);
    const started = Date.now();
    await start();
    await setTimeout(300);
    const { run } = await call('ALARMS', name, 'onDisk');
    taken.push(run.length === 0 ? Number.NaN : run[0].at - started);
  }
  return taken;
}
