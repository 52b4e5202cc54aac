/** The hot object: what became of many calls to one object, without limits and with them. */
import * as Plot from '@observablehq/plot';
import type { Heat } from '../events.js';
import { grouped, HOT_WAYS, type HotWay } from '../settings.js';
import { find, make } from './elements.js';
import { LINE_WIDTH, plotOver, sampleOf } from './plot.js';

/** The colour and the dashes of each line. The class has the same colour. */
const LOOKS: Record<HotWay, { readonly class: string; readonly dashes: string }> = {
  free: { class: 'rpc', dashes: '2 3' },
  limited: { class: 'batched', dashes: 'none' },
};

const ROWS: readonly (readonly [string, (heat: Heat) => string])[] = [
  ['Calls', ({ calls }) => grouped(calls)],
  ['Answered', ({ answered }) => grouped(answered)],
  ['Refused', ({ refused }) => grouped(refused)],
  ['Most at once', ({ most }) => grouped(most)],
  ['Worst wait, ms', ({ worst }) => grouped(Math.round(worst))],
  [
    'Refused within, ms',
    ({ refused, worstRefused }) => (refused > 0 ? grouped(Math.round(worstRefused)) : '–'),
  ],
];

const WAYS = Object.keys(HOT_WAYS) as HotWay[];

const heats = new Map<HotWay, Heat>();
let isRunning = false;

/** Makes the button work, and the chart as wide as its place. */
export function buildHot(): void {
  const button = find('heat', HTMLButtonElement);
  button.addEventListener('click', () => {
    if (!isRunning) void run(button);
  });
  new ResizeObserver(draw).observe(find('hot-chart', HTMLDivElement));
}

async function run(button: HTMLButtonElement): Promise<void> {
  setRunning(button, true);
  try {
    heats.clear();
    for (const way of WAYS) {
      say(`${HOT_WAYS[way]}: calling …`);
      heats.set(way, await ask(way));
      show();
    }
    say([...heats].map(([way, heat]) => `${HOT_WAYS[way]}: ${inShort(heat)}.`).join(' '));
  } catch (error) {
    say(`The calls could not be made: ${error}`);
  } finally {
    setRunning(button, false);
  }
}

async function ask(way: HotWay): Promise<Heat> {
  const response = await fetch(`/lab/hot/${way}`, { method: 'POST' });
  if (!response.ok) throw new Error(`the worker answered with status ${response.status}`);
  return (await response.json()) as Heat;
}

/** The button keeps the focus, so it stays enabled, and does nothing meanwhile. */
function setRunning(button: HTMLButtonElement, value: boolean): void {
  isRunning = value;
  button.setAttribute('aria-disabled', String(value));
}

function say(text: string): void {
  find('hot-about', HTMLElement).textContent = text;
}

function show(): void {
  const heads = [...heats.keys()].map((way) =>
    make('th', { scope: 'col', class: LOOKS[way].class }, HOT_WAYS[way]),
  );
  const rows = ROWS.map(([name, cellOf]) => {
    const cells = [...heats.values()].map((heat) => make('td', {}, cellOf(heat)));
    return make('tr', {}, make('th', { scope: 'row' }, name), ...cells);
  });
  find('heats', HTMLTableElement).replaceChildren(
    make('thead', {}, make('tr', {}, make('td', {}), ...heads)),
    make('tbody', {}, ...rows),
  );
  find('heated', HTMLElement).hidden = false;
  draw();
}

function draw(): void {
  const place = find('hot-chart', HTMLDivElement);
  if (heats.size === 0) {
    if (!isRunning) place.replaceChildren(make('p', {}, 'The chart appears with the first run.'));
    return;
  }
  const all = [...heats];
  const ends = all.map(([, { timeline }]) => timeline.at(-1)?.[0] ?? 0);
  const most = Math.max(...all.map(([, heat]) => heat.most));
  const chart = plotOver(
    place.clientWidth,
    [0, Math.max(...ends, 4)],
    { label: 'calls that run at once', domain: [0, most], ticks: 5, grid: true },
    all.map(([way, { timeline }]) => lineOf(way, timeline)),
    `Calls that run at once. ${all.map(([way, { most }]) => `${HOT_WAYS[way]}: at most ${grouped(most)}.`).join(' ')}`,
  );
  place.replaceChildren(legendOf(all.map(([way]) => way)), chart);
}

function lineOf(way: HotWay, timeline: Heat['timeline']): Plot.Markish {
  const points = timeline.toSorted(([a], [b]) => a - b);
  const last = points.at(-1)?.[0] ?? 0;
  return Plot.lineY([[0, 0], ...points, [last, 0]], {
    x: '0',
    y: '1',
    curve: 'step-after',
    stroke: colourOf(way),
    strokeWidth: LINE_WIDTH,
    strokeDasharray: LOOKS[way].dashes,
  });
}

function legendOf(ways: readonly HotWay[]): HTMLElement {
  const items = ways.map((way) =>
    make('li', {}, sampleOf(colourOf(way), LOOKS[way].dashes), HOT_WAYS[way]),
  );
  return make('ul', { class: 'legend', 'aria-hidden': 'true' }, ...items);
}

function colourOf(way: HotWay): string {
  return `var(--${LOOKS[way].class})`;
}

function inShort({ answered, refused, most }: Heat): string {
  return `${grouped(answered)} answered, ${grouped(refused)} refused, at most ${grouped(most)} at once`;
}
