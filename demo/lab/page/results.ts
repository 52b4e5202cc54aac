/** What runs came to: counts of the latest, the last of each way side by side, errors by code. */
import type { Summary } from '../events.js';
import { counted, grouped, MODES, type Mode, type Settings, unlikeIn } from '../settings.js';
import { quantile } from './chart.js';
import { find, make } from './elements.js';

/** A run that has ended. */
export interface Ended {
  readonly settings: Settings;
  readonly summary: Summary;
  readonly latencies: readonly number[];
}

const NOTHING = '–';

/** The rows of the comparison. Those of what was chosen are there so that one compares like with like. */
const ROWS: readonly (readonly [string, (run: Ended) => string])[] = [
  ['Calls', ({ summary }) => grouped(summary.calls)],
  ['Payload, bytes', ({ settings }) => grouped(settings.payload)],
  ['Delay, ms', ({ settings }) => grouped(settings.delay)],
  ['Failing, %', ({ settings }) => grouped(settings.failureRate)],
  ['All took, ms', ({ summary }) => milliseconds(summary.ms)],
  ['Per call, ms', ({ summary }) => milliseconds(summary.ms / summary.calls)],
  ['Half within, ms', (run) => within(run, 0.5)],
  ['99 % within, ms', (run) => within(run, 0.99)],
  ['Messages', ({ summary }) => grouped(summary.messages)],
  [
    'Programs, bytes',
    ({ summary }) => (summary.bytes === undefined ? NOTHING : grouped(summary.bytes)),
  ],
  ['Handlers run', ({ summary }) => grouped(summary.handledOnce)],
  [
    'Errors',
    ({ summary }) => (summary.pending > 0 ? errorsInWords(summary) : grouped(errorsOf(summary))),
  ],
];

const PENDING = 'pending';
const MEANINGS: Readonly<Record<string, string>> = {
  RangeError: 'The method threw it; it arrives as its own class.',
  Error: 'Workers RPC makes a plain Error of what is none.',
  'remote-threw': 'The method threw something that is no Error; it is the cause.',
  cancelled: 'Somebody pressed Stop while the call was pending; the method may have run.',
  timeout: 'The deadline passed before an outcome arrived; the method may have run.',
  'target-reset': 'The target was reset while the call was in flight.',
  overloaded: 'The target has more work than it can take.',
  disconnected: 'The connection to the target was lost.',
  'limit-exceeded': 'A limit of the receiver was exceeded.',
  [PENDING]: 'The lab stopped waiting. Workers RPC has no deadline, and would wait on.',
};

/** Shows what the latest run came to. */
export function showCounts({ settings, summary }: Ended): void {
  const counts: [string, string][] = [
    ['Messages sent', grouped(summary.messages)],
    ['Handlers run', `${grouped(summary.handledOnce)} of ${grouped(summary.calls)}`],
    ['Errors', grouped(failed(summary))],
  ];
  if (summary.pending > 0) counts.push(['Of these, pending', grouped(summary.pending)]);
  counts.push(['All took', `${milliseconds(summary.ms)} ms`]);
  if (summary.wrong > 0) counts.push(['Wrong answers', grouped(summary.wrong)]);
  find('counts', HTMLDListElement).replaceChildren(
    ...counts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
  );
  showErrors(settings, summary);
}

/**
 * Shows the last run of each way, side by side.
 *
 * @param isOld - Whether a run was made with other settings than those that are chosen now.
 */
export function showComparison(runs: readonly Ended[], isOld: (run: Ended) => boolean): void {
  const columns = runs.map((run) => ({ ...run, old: isOld(run) }));
  const heads = columns.map(({ settings: { mode }, old }) => {
    const mark = old ? [make('span', { class: 'for-ears' }, ', made with other settings')] : [];
    return greyed(make('th', { scope: 'col', class: mode }, MODES[mode].name, ...mark), old);
  });
  const rows = ROWS.map(([name, cellOf]) => {
    const cells = columns.map((run) => greyed(make('td', {}, cellOf(run)), run.old));
    return make('tr', {}, make('th', { scope: 'row' }, name), ...cells);
  });
  showUnlike(runs.map(({ settings }) => settings));
  const gain = gainIn(runs);
  find('times', HTMLElement).textContent = gain ?? '';
  find('gain', HTMLElement).hidden = gain === undefined;
  find('old', HTMLElement).hidden = !columns.some(({ old }) => old);
  find('compared', HTMLElement).hidden = runs.length === 0;
  find('comparison', HTMLTableElement).replaceChildren(
    make('thead', {}, make('tr', {}, make('td', {}), ...heads)),
    make('tbody', {}, ...rows),
  );
}

function greyed(cell: HTMLElement, isOld: boolean): HTMLElement {
  cell.classList.toggle('old', isOld);
  return cell;
}

/** How much faster the batched calls were, if there is something to compare. */
function gainIn(runs: readonly Ended[]): string | undefined {
  const runOf = (mode: Mode): Ended | undefined => runs.find((run) => run.settings.mode === mode);
  const [rpc, batched] = [runOf('rpc'), runOf('batched')];
  if (!rpc || !batched) return undefined;
  const isAlike = unlikeIn([rpc.settings, batched.settings]).length === 0;
  if (!isAlike || failed(rpc.summary) > 0 || failed(batched.summary) > 0) return undefined;
  const { calls, ms } = batched.summary;
  // Less than the clock can tell.
  const times = ms < 1 ? `more than ${grouped(rpc.summary.ms)}` : significant(rpc.summary.ms / ms);
  return (
    `${counted(calls, 'call')} to one object: ${MODES.batched.name} is ${times} times as fast as ` +
    `${MODES.rpc.name}.`
  );
}

/** Says in what the runs differ beside the way. */
function showUnlike(settings: readonly Settings[]): void {
  const unlike = unlikeIn(settings).map((name) => name.toLowerCase());
  const place = find('unlike', HTMLElement);
  const sentence = unlike.length > 0 ? `These runs are not alike in ${unlike.join(', ')}.` : '';
  // What is written again is heard again.
  if (place.textContent !== sentence) place.textContent = sentence;
}

/** Shows how many calls came to which error. */
function showErrors({ mode }: Settings, { errors, pending }: Summary): void {
  const place = find('errors', HTMLElement);
  const entries = Object.entries(errors).sort(([, a], [, b]) => b - a);
  if (pending > 0) entries.push([PENDING, pending]);
  if (entries.length === 0) {
    place.replaceChildren(
      make('p', { class: 'note' }, `None in the last run (${MODES[mode].name}).`),
    );
    return;
  }
  place.replaceChildren(
    make('p', { class: 'note' }, `In the last run (${MODES[mode].name}):`),
    make(
      'ul',
      { class: 'codes' },
      ...entries.map(([code, count]) =>
        make(
          'li',
          {},
          make('span', { class: 'count' }, `${grouped(count)} × `),
          make('code', {}, code),
          make('p', { class: 'note' }, MEANINGS[code] ?? 'See docs/errors.md.'),
        ),
      ),
    ),
  );
}

/** `1 error`; `6 pending`; `2 errors, 6 pending`. */
export function errorsInWords(summary: Summary): string {
  const errors = errorsOf(summary);
  const pending = summary.pending > 0 ? [`${grouped(summary.pending)} ${PENDING}`] : [];
  return [
    ...(errors > 0 || pending.length === 0 ? [counted(errors, 'error')] : []),
    ...pending,
  ].join(', ');
}

/** How many calls came to an error. */
function errorsOf({ errors }: Summary): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

/** How many calls brought no value. A call that hangs counts, whether or not a deadline ended it. */
function failed(summary: Summary): number {
  return errorsOf(summary) + summary.pending;
}

function within({ latencies, summary }: Ended, share: number): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const value = quantile(sorted, share, summary.calls);
  return value === undefined ? PENDING : milliseconds(value);
}

/** Three digits at least: `0.034`, `3.45`, `345`, `3,451`. */
function milliseconds(ms: number): string {
  return ms < 100 ? String(Number(ms.toPrecision(ms < 0.1 ? 2 : 3))) : grouped(Math.round(ms));
}

/** Two digits: `1.3`, `12`, `130`. */
function significant(number: number): string {
  return grouped(Number(number.toPrecision(2)));
}
