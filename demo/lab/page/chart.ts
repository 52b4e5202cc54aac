/** The chart of latencies: for each way, the share of calls that had come to their end by then. */
import * as Plot from '@observablehq/plot';
import { counted, grouped, MODES, type Mode } from '../settings.js';
import { find, make } from './elements.js';
import { LINE_WIDTH, plotOver, sampleOf } from './plot.js';

/** The calls of one way. */
export interface Curve {
  readonly mode: Mode;
  readonly calls: number;
  /** Milliseconds that each took which has come to its end. */
  readonly latencies: readonly number[];
  /** Milliseconds for which the others have been waited for, once the run has ended. */
  readonly waited: number;
  /** Whether it was made with other settings than those that are chosen now. */
  readonly isOld: boolean;
}

/** Lines are told apart by dashes, not only by colour. */
const DASHES: Record<Mode, string> = {
  rpc: '2 3',
  awaited: '8 4',
  handler: '8 3 2 3',
  batched: 'none',
};
/** Up to so many different latencies, each has a dot. */
const MOST_DOTS = 12;

interface Point {
  readonly ms: number;
  /** Percent. */
  readonly share: number;
}

/** Draws what there is, as wide as its place. */
export function drawChart(curves: readonly Curve[]): void {
  const place = find('chart', HTMLDivElement);
  if (curves.length === 0) {
    place.replaceChildren(make('p', {}, 'The chart appears with the first run.'));
    return;
  }
  const domain = domainOf(curves);
  const chart = plotOver(
    place.clientWidth,
    domain,
    { label: '% of calls that have ended', domain: [0, 100], ticks: 5, grid: true },
    curves.flatMap((curve) => marksOf(curve, domain)),
    `Latency of calls. ${curves.map(inWords).join(' ')}`,
  );
  place.replaceChildren(legendOf(curves), chart);
}

/**
 * The latency within which a share of the calls, from 0 to 1, had come to their end; `undefined` where
 * so many have not.
 *
 * @param sorted - The latencies of those that have.
 */
export function quantile(
  sorted: readonly number[],
  share: number,
  calls: number,
): number | undefined {
  return sorted[Math.max(0, Math.ceil(calls * share) - 1)];
}

/** The line of a way some of whose calls are pending goes on below 100 %, to the edge. */
function marksOf(curve: Curve, [from, to]: readonly [number, number]): Plot.Markish[] {
  const { mode, calls, latencies } = curve;
  const colour = colourOf(curve);
  const points = pointsOf(latencies, calls);
  const line = [{ ms: points[0]?.ms ?? from, share: 0 }, ...points];
  const last = line.at(-1);
  if (last && latencies.length < calls) line.push({ ms: to, share: last.share });
  return [
    Plot.lineY(line, {
      x: 'ms',
      y: 'share',
      curve: 'step-after',
      stroke: colour,
      strokeWidth: LINE_WIDTH,
      strokeDasharray: DASHES[mode],
    }),
    Plot.dot(points.length > MOST_DOTS ? [] : points, {
      x: 'ms',
      y: 'share',
      r: 3.5,
      fill: colour,
    }),
  ];
}

/** Which line is which: above the chart, where no line can run through a name. */
function legendOf(curves: readonly Curve[]): HTMLElement {
  const items = curves.map((curve) => {
    const item = make(
      'li',
      {},
      sampleOf(colourOf(curve), DASHES[curve.mode]),
      MODES[curve.mode].name,
    );
    item.classList.toggle('old', curve.isOld);
    return item;
  });
  return make('ul', { class: 'legend', 'aria-hidden': 'true' }, ...items);
}

function colourOf({ mode, isOld }: Curve): string {
  return `var(--${isOld ? 'old' : mode})`;
}

/** One point for each latency that occurs: ten thousand calls are drawn by a few hundred. */
function pointsOf(latencies: readonly number[], calls: number): Point[] {
  const counts = new Map<number, number>();
  for (const ms of latencies) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  let before = 0;
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([ms, count]) => {
      before += count;
      return { ms, share: (before / calls) * 100 };
    });
}

/** From 0 unless all is far from it. */
function domainOf(curves: readonly Curve[]): [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const { latencies, calls, waited } of curves) {
    for (const ms of latencies) {
      least = Math.min(least, ms);
      most = Math.max(most, ms);
    }
    if (latencies.length < calls) most = Math.max(most, waited);
  }
  // Where none has come to its end, there is no least.
  const from =
    least < most && least > most / 2 ? Math.max(0, least - Math.max(1, (most - least) / 4)) : 0;
  return [from, Math.max(most, from + 4)];
}

function inWords({ mode, calls, latencies }: Curve): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const pending = calls - latencies.length;
  const shares = [
    [0.5, 'half'],
    [0.99, '99 %'],
  ] as const;
  const parts = shares.flatMap(([share, name]) => {
    const ms = quantile(sorted, share, calls);
    return ms === undefined ? [] : [`${name} within ${Math.round(ms)} ms`];
  });
  if (pending > 0) parts.push(`${grouped(pending)} of ${counted(calls, 'call')} pending`);
  return `${MODES[mode].name}: ${parts.join(', ')}.`;
}
