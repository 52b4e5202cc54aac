/** The chart of latencies: for each way, the share of calls that had come to their end by then. */
import * as Plot from '@observablehq/plot';
import { MODES, type Mode } from '../settings.js';
import { find, make } from './elements.js';

/** Latencies by mode, in milliseconds. */
export type Latencies = ReadonlyMap<Mode, readonly number[]>;

/** Lines are told apart by dashes, not only by colour. */
const DASHES: Record<Mode, string> = {
  rpc: '2 3',
  awaited: '8 4',
  handler: '8 3 2 3',
  batched: 'none',
};
/** Up to so many different latencies, each has a dot. */
const MOST_DOTS = 12;
/** CSS pixels. */
const HEIGHT = 280;
const LINE_WIDTH = 2.5;
const SVG = 'http://www.w3.org/2000/svg';

interface Point {
  readonly ms: number;
  /** Percent. */
  readonly share: number;
}

/** Draws what there is, as wide as its place. */
export function drawChart(latencies: Latencies): void {
  const place = find('chart', HTMLDivElement);
  const curves = [...latencies].filter(([, values]) => values.length > 0);
  if (curves.length === 0) {
    place.replaceChildren(make('p', {}, 'The chart appears with the first run.'));
    return;
  }
  const all = curves.map(([mode, values]) => ({ mode, points: pointsOf(values) }));
  const points = all.flatMap((curve) => curve.points);
  const ticks = place.clientWidth / 90;
  const chart = Plot.plot({
    width: place.clientWidth,
    height: HEIGHT,
    marginLeft: 48,
    marginRight: 20,
    marginBottom: 42,
    style: { background: 'transparent', fontSize: '13px', fontFamily: 'inherit' },
    x: { label: 'milliseconds', domain: domainOf(points), ticks, grid: true },
    y: { label: '% of calls', domain: [0, 100], ticks: 5, grid: true },
    marks: all.flatMap(({ mode, points }) => marksOf(mode, points)),
  });
  // One image with one name; the parts of it, which Plot names too, are not heard.
  for (const part of chart.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', `Latency of calls. ${curves.map(inWords).join(' ')}`);
  place.replaceChildren(legendOf(curves.map(([mode]) => mode)), chart);
}

/** The latency within which a share of the calls, from 0 to 1, had come to their end. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function marksOf(mode: Mode, points: readonly Point[]): Plot.Markish[] {
  const colour = `var(--${mode})`;
  const [first] = points;
  const line = first ? [{ ms: first.ms, share: 0 }, ...points] : [];
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
function legendOf(modes: readonly Mode[]): HTMLElement {
  const items = modes.map((mode) => make('li', {}, sampleOf(mode), MODES[mode].name));
  return make('ul', { class: 'legend', 'aria-hidden': 'true' }, ...items);
}

/** A piece of that line. */
function sampleOf(mode: Mode): SVGSVGElement {
  const sample = document.createElementNS(SVG, 'svg');
  const line = document.createElementNS(SVG, 'path');
  sample.setAttribute('class', 'sample');
  line.setAttribute('d', 'M0 6H28');
  line.setAttribute('stroke', `var(--${mode})`);
  line.setAttribute('stroke-width', String(LINE_WIDTH));
  line.setAttribute('stroke-dasharray', DASHES[mode]);
  sample.append(line);
  return sample;
}

/** One point for each latency that occurs: ten thousand calls are drawn by a few hundred. */
function pointsOf(latencies: readonly number[]): Point[] {
  const counts = new Map<number, number>();
  for (const ms of latencies) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  let before = 0;
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([ms, count]) => {
      before += count;
      return { ms, share: (before / latencies.length) * 100 };
    });
}

/** From 0 unless all is far from it. */
function domainOf(points: readonly Point[]): [number, number] {
  const least = Math.min(...points.map(({ ms }) => ms));
  const most = Math.max(...points.map(({ ms }) => ms));
  const from = least > most / 2 ? Math.max(0, least - Math.max(1, (most - least) / 4)) : 0;
  return [from, Math.max(most, from + 4)];
}

function inWords([mode, latencies]: readonly [Mode, readonly number[]]): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const within = (share: number): string => `${Math.round(quantile(sorted, share) ?? 0)} ms`;
  return `${MODES[mode].name}: half within ${within(0.5)}, 99 % within ${within(0.99)}.`;
}
