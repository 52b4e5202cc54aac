/** The page of the lab: ties the form, the runs and what they show together. */
import { counted, grouped, MODES, type Mode, type Settings } from '../settings.js';
import { drawChart } from './chart.js';
import { find } from './elements.js';
import { buildForm, readForm, showProblems } from './form.js';
import { type Ended, errorsOf, showComparison, showCounts } from './results.js';
import { Refused, run, stopRun } from './runs.js';
import { buildSequences } from './sequence.js';

/** Milliseconds between two drawings of the chart, and between two announcements, during a run. */
const REDRAW = 200;
const ANNOUNCE = 2_000;

const ended = new Map<Mode, Ended>();
const latencies = new Map<Mode, readonly number[]>();
/** What is under way. */
interface Current {
  /** Its name, once it has begun. */
  run?: string;
  /** Whether somebody pressed Stop. */
  isStopped: boolean;
}

let current: Current | undefined;

buildForm();
showComparison(ended);
buildSequences();
new ResizeObserver(() => drawChart(latencies)).observe(find('chart', HTMLDivElement));

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
  const chosen = readForm();
  if (!chosen) return;
  showRunning(true);
  try {
    for (const settings of runsOf(chosen)) {
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

async function runOne(settings: Settings, mine: Current): Promise<void> {
  const { mode, calls } = settings;
  const { name } = MODES[mode];
  const taken: number[] = [];
  let announcedAt = performance.now();
  latencies.set(mode, taken);
  showProgress(`${name}: 0 of ${grouped(calls)} handlers run`, 0);
  const summary = await run(settings, {
    begin: (run) => {
      mine.run = run;
      if (mine.isStopped) stopRun(run).catch(showTrouble);
    },
    progress: (handled, latest) => {
      for (const ms of latest) taken.push(ms);
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
  const one = { settings, summary, latencies: taken };
  ended.set(mode, one);
  const how = mine.isStopped ? `${name} (stopped)` : name;
  const text = `${how}: ${grouped(summary.handledOnce)} of ${grouped(calls)} handlers run`;
  showProgress(text, 1);
  const errors = counted(errorsOf(summary), 'error');
  const messages = counted(summary.messages, 'message');
  announce(`${text}, ${errors}, ${messages} sent, in ${grouped(Math.round(summary.ms))} ms.`);
  drawChart(latencies);
  showCounts(one);
  showComparison(ended);
}

let isDrawing = false;

/** Draws what has come within a moment: the latest is never left out. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  setTimeout(() => {
    isDrawing = false;
    drawChart(latencies);
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
