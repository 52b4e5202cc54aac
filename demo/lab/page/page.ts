/** The page of the lab: ties the form, the runs and what they show together. */
import { counted, grouped, MODES, type Mode, type Settings, unlikeIn } from '../settings.js';
import { drawChart } from './chart.js';
import { buildDurable } from './durable.js';
import { find } from './elements.js';
import { buildForm, peekForm, readForm, showProblems } from './form.js';
import { buildHot } from './hot.js';
import { type Ended, errorsInWords, showComparison, showCounts } from './results.js';
import { Refused, run, stopRun } from './runs.js';
import { buildSequences } from './sequence.js';
import { buildTrace } from './trace.js';

/** Milliseconds between two drawings of the chart, and between two announcements, during a run. */
const REDRAW = 200;
const ANNOUNCE = 2_000;

/** The calls of one way, as far as they have come. */
interface Taken {
  readonly settings: Settings;
  readonly latencies: number[];
  /** Milliseconds that all of the run took, once it has ended. */
  waited: number;
}

const ended = new Map<Mode, Ended>();
const taken = new Map<Mode, Taken>();
/** What the counts and errors are about. */
let latest: Settings | undefined;
/** What is under way. */
interface Current {
  /** Its name, once it has begun. */
  run?: string;
  /** Whether somebody pressed Stop. */
  isStopped: boolean;
}

let current: Current | undefined;

buildForm();
let chosen = peekForm();
buildSequences();
buildHot();
buildDurable();
buildTrace();
new ResizeObserver(draw).observe(find('chart', HTMLDivElement));

find('settings', HTMLFormElement).addEventListener('input', () => {
  // While a number is being typed it may make no sense.
  chosen = peekForm() ?? chosen;
  showRuns();
});
find('settings', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  void start((settings) => [settings]);
});
find('run-all', HTMLButtonElement).addEventListener('click', () => {
  const modes = Object.keys(MODES) as Mode[];
  void start((settings) => modes.map((mode) => ({ ...settings, mode })));
});
find('stop', HTMLButtonElement).addEventListener('click', () => {
  if (!current) return;
  current.isStopped = true;
  if (current.run !== undefined) stopRun(current.run).catch(showTrouble);
});

/** Runs what is chosen, if it makes sense and nothing else runs. */
async function start(runsOf: (settings: Settings) => readonly Settings[]): Promise<void> {
  if (current) return;
  const wanted = readForm();
  if (!wanted) return;
  showRunning(true);
  try {
    for (const settings of runsOf(wanted)) {
      const mine: Current = { isStopped: false };
      current = mine;
      await runOne(settings, mine);
      if (mine.isStopped) break;
    }
  } catch (error) {
    showProgress('The run did not come to its end', 0);
    showTrouble(error);
  } finally {
    current = undefined;
    showRunning(false);
  }
}

async function runOne(settings: Settings, running: Current): Promise<void> {
  const { mode, calls } = settings;
  const { name } = MODES[mode];
  const mine: Taken = { settings, latencies: [], waited: 0 };
  let announcedAt = performance.now();
  taken.set(mode, mine);
  showProgress(`${name}: 0 of ${grouped(calls)} handlers run`, 0);
  const summary = await run(settings, {
    begin: (run) => {
      running.run = run;
      if (running.isStopped) stopRun(run).catch(showTrouble);
    },
    progress: (handled, times) => {
      for (const ms of times) mine.latencies.push(ms);
      const text = `${name}: ${grouped(handled)} of ${grouped(calls)} handlers run`;
      showProgress(text, handled / calls);
      const now = performance.now();
      if (now - announcedAt > ANNOUNCE) {
        announcedAt = now;
        announce(text);
      }
      drawSoon();
    },
  });
  const one = { settings, summary, latencies: mine.latencies };
  mine.waited = summary.ms;
  ended.set(mode, one);
  latest = settings;
  const how = running.isStopped ? `${name} (stopped)` : name;
  const text = `${how}: ${grouped(summary.handledOnce)} of ${grouped(calls)} handlers run`;
  showProgress(text, 1);
  const errors = errorsInWords(summary);
  const messages = counted(summary.messages, 'message');
  announce(`${text}, ${errors}, ${messages} sent, in ${grouped(Math.round(summary.ms))} ms.`);
  showCounts(one);
  showRuns();
}

/** Shows all runs. What was made with other settings than those that are chosen now is grey. */
function showRuns(): void {
  draw();
  showComparison(inOrder(ended), ({ settings }) => isOld(settings));
  for (const id of ['counts', 'errors']) {
    find(id, HTMLElement).classList.toggle('old', latest !== undefined && isOld(latest));
  }
}

function isOld(settings: Settings): boolean {
  return chosen !== undefined && unlikeIn([settings, chosen]).length > 0;
}

/** In the order of the ways, whichever ran first. */
function inOrder<One>(runs: ReadonlyMap<Mode, One>): One[] {
  return (Object.keys(MODES) as Mode[]).flatMap((mode) => runs.get(mode) ?? []);
}

function draw(): void {
  drawChart(
    inOrder(taken).map(({ settings, latencies, waited }) => ({
      mode: settings.mode,
      calls: settings.calls,
      latencies,
      waited,
      isOld: isOld(settings),
    })),
  );
}

let isDrawing = false;

/** Draws what has come within a moment: the latest is never left out. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  setTimeout(() => {
    isDrawing = false;
    draw();
  }, REDRAW);
}

function showProgress(text: string, share: number): void {
  find('progress-label', HTMLLabelElement).textContent = text;
  find('progress', HTMLProgressElement).value = share;
}

function announce(text: string): void {
  find('status', HTMLElement).textContent = text;
}

/** The button that was pressed keeps the focus, so it stays enabled, and does nothing meanwhile. */
function showRunning(isRunning: boolean): void {
  for (const id of ['run', 'run-all']) {
    find(id, HTMLButtonElement).setAttribute('aria-disabled', String(isRunning));
  }
  const stop = find('stop', HTMLButtonElement);
  if (!isRunning && document.activeElement === stop) find('run', HTMLButtonElement).focus();
  stop.hidden = !isRunning;
  if (isRunning) find('trouble', HTMLElement).hidden = true;
}

function showTrouble(error: unknown): void {
  if (error instanceof Refused) showProblems(error.problems);
  const trouble = find('trouble', HTMLElement);
  trouble.textContent =
    error instanceof Refused ? error.message : `The worker cannot be reached: ${String(error)}`;
  trouble.hidden = false;
}
