/** What runs came to: counts of the latest, the last of each way side by side, errors by code. */
import { NO_ANSWER, type Summary } from '../events.js';
import { FIELDS, grouped, MODES, type Mode, type Settings } from '../settings.js';
import { quantile } from './chart.js';
import { find, make } from './elements.js';

/** A run that has ended. */
export interface Ended {
  readonly settings: Settings;
  readonly summary: Summary;
  readonly latencies: readonly number[];
}

const ALL = Object.keys(MODES) as Mode[];
const NOTHING = '–';

/** The rows of the comparison. Those of what was chosen are there so that one compares like with like. */
const ROWS: readonly (readonly [string, (run: Ended) => string])[] = [
  ['Calls', ({ summary }) => grouped(summary.calls)],
  ['Payload, bytes', ({ settings }) => grouped(settings.payload)],
  ['Delay, ms', ({ settings }) => grouped(settings.delay)],
  ['Failing, %', ({ settings }) => grouped(settings.failureRate)],
  ['All took, ms', ({ summary }) => milliseconds(summary.ms)],
  ['Per call, ms', ({ summary }) => milliseconds(summary.ms / summary.calls)],
  ['Half within, ms', ({ latencies }) => within(latencies, 0.5)],
  ['99 % within, ms', ({ latencies }) => within(latencies, 0.99)],
  ['Messages', ({ summary }) => grouped(summary.messages)],
  [
    'Programs, bytes',
    ({ summary }) => (summary.bytes === undefined ? NOTHING : grouped(summary.bytes)),
  ],
  ['Handlers run', ({ summary }) => grouped(summary.handledOnce)],
  ['Errors', ({ summary }) => grouped(errorsOf(summary))],
];

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
  [NO_ANSWER]: 'Nothing had come when the lab stopped waiting; Workers RPC would wait on.',
};

/** Shows what the latest run came to. */
export function showCounts({ settings, summary }: Ended): void {
  const counts: [string, string][] = [
    ['Messages sent', grouped(summary.messages)],
    ['Handlers run', `${grouped(summary.handledOnce)} of ${grouped(summary.calls)}`],
    ['Errors', grouped(errorsOf(summary))],
    ['All took', `${milliseconds(summary.ms)} ms`],
  ];
  if (summary.wrong > 0) counts.push(['Wrong answers', grouped(summary.wrong)]);
  find('counts', HTMLDListElement).replaceChildren(
    ...counts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
  );
  showErrors(settings, summary);
}

/** Shows the last run of each way, side by side. */
export function showComparison(runs: ReadonlyMap<Mode, Ended>): void {
  const head = make(
    'tr',
    {},
    make('td', {}),
    ...ALL.map((mode) => make('th', { scope: 'col', class: mode }, MODES[mode].name)),
  );
  const rows = ROWS.map(([name, cellOf]) => {
    const cells = ALL.map((mode) => {
      const run = runs.get(mode);
      return make('td', {}, run ? cellOf(run) : NOTHING);
    });
    return make('tr', {}, make('th', { scope: 'row' }, name), ...cells);
  });
  showUnlike([...runs.values()].map(({ settings }) => settings));
  find('comparison', HTMLTableElement).replaceChildren(
    make('thead', {}, head),
    make('tbody', {}, ...rows),
  );
}

/** Says in what the runs differ beside the way. */
function showUnlike(settings: readonly Settings[]): void {
  const unlike = Object.entries(FIELDS)
    .filter(([field]) => new Set(settings.map((one) => one[field as keyof Settings])).size > 1)
    .map(([, name]) => name.toLowerCase());
  const place = find('unlike', HTMLElement);
  const sentence = unlike.length > 0 ? `These runs are not alike in ${unlike.join(', ')}.` : '';
  // What is written again is heard again.
  if (place.textContent !== sentence) place.textContent = sentence;
}

/** Shows how many calls came to which error. */
function showErrors({ mode }: Settings, { errors }: Summary): void {
  const place = find('errors', HTMLElement);
  const entries = Object.entries(errors).sort(([, a], [, b]) => b - a);
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

/** How many calls came to an error. */
export function errorsOf({ errors }: Summary): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

function within(latencies: readonly number[], share: number): string {
  const value = quantile(
    latencies.toSorted((a, b) => a - b),
    share,
  );
  return value === undefined ? NOTHING : milliseconds(value);
}

/** Three digits at least: `0.034`, `3.45`, `345`, `3,451`. */
function milliseconds(ms: number): string {
  return ms < 100 ? String(Number(ms.toPrecision(ms < 0.1 ? 2 : 3))) : grouped(Math.round(ms));
}
