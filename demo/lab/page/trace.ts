/** The trace: a list in lists of what ran inside of what, each beside a bar that says when. */
import type { TraceSpan } from '../events.js';
import { counted } from '../settings.js';
import { find, make } from './elements.js';

/** Percent of the whole: what is shorter is still seen. */
const LEAST = 1;

let isRunning = false;

/** Makes the button work. */
export function buildTrace(): void {
  const button = find('check-out', HTMLButtonElement);
  button.addEventListener('click', () => {
    if (!isRunning) void show(button);
  });
}

async function show(button: HTMLButtonElement): Promise<void> {
  setRunning(button, true);
  try {
    const spans = await ask();
    const [root] = spans;
    find('trace', HTMLElement).replaceChildren(
      make('ul', { class: 'trace' }, spanOf(spans, 0, root?.ms || 1, 0)),
    );
    say(`${counted(spans.length, 'method')} ran in three objects, in ${root?.ms} ms.`);
  } catch (error) {
    say(`The call could not be made: ${error}`);
  } finally {
    setRunning(button, false);
  }
}

async function ask(): Promise<TraceSpan[]> {
  const response = await fetch('/lab/trace', { method: 'POST' });
  if (!response.ok) throw new Error(`the worker answered with status ${response.status}`);
  return (await response.json()) as TraceSpan[];
}

/** One span with those inside of it. */
function spanOf(spans: readonly TraceSpan[], at: number, all: number, depth: number): HTMLElement {
  const span = spans[at];
  const inside = spans.flatMap(({ parent }, index) => (parent === at ? [index] : []));
  const name = make('span', { class: 'span-name' }, make('code', {}, span?.name ?? ''));
  name.style.setProperty('--depth', String(depth));
  if (span?.caller) name.append(' ', make('span', { class: 'note' }, `by ${span.caller}`));
  const bar = make('span', { class: 'bar' });
  bar.style.marginLeft = `${((span?.start ?? 0) / all) * 100}%`;
  bar.style.width = `${Math.max(((span?.ms ?? 0) / all) * 100, LEAST)}%`;
  const ms = span?.ms === undefined ? 'has not ended' : `${span.ms} ms`;
  return make(
    'li',
    {},
    name,
    ' ',
    make('span', { class: 'note when' }, ms),
    make('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    ...(inside.length === 0
      ? []
      : [make('ul', {}, ...inside.map((index) => spanOf(spans, index, all, depth + 1)))]),
  );
}

/** The button keeps the focus, so it stays enabled, and does nothing meanwhile. */
function setRunning(button: HTMLButtonElement, value: boolean): void {
  isRunning = value;
  button.setAttribute('aria-disabled', String(value));
}

function say(text: string): void {
  find('trace-about', HTMLElement).textContent = text;
}
