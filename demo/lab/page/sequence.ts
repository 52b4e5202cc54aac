/**
 * The sequence of one call. It is an ordered list of what happened, laid out between two lifelines: so
 * all of it is text, to be read, selected and heard in its order.
 */
import { EXAMPLES, type Example, type Row, type Sequence } from '../events.js';
import { find, make } from './elements.js';

const WHERE: Record<Row['place'], string> = {
  caller: 'At the caller',
  target: 'At the target',
  'to target': 'From the caller to the target',
  'to caller': 'From the target to the caller',
};

/** Builds the buttons, and shows the first example: unasked, so that nothing of it is announced. */
export function buildSequences(): void {
  const group = find('examples', HTMLElement);
  const about = find('sequence-about', HTMLElement);
  for (const [name, title] of Object.entries(EXAMPLES) as [Example, string][]) {
    const button = make('button', { type: 'button', 'aria-pressed': 'false' }, title);
    button.addEventListener('click', () => {
      about.setAttribute('role', 'status');
      void show(name, button);
    });
    group.append(button);
  }
  const first = group.querySelector('button');
  if (first) void show('one', first);
}

let latest = 0;

async function show(name: Example, button: HTMLButtonElement): Promise<void> {
  latest += 1;
  const mine = latest;
  for (const other of button.parentElement?.querySelectorAll('button') ?? []) {
    other.setAttribute('aria-pressed', String(other === button));
  }
  const sequence = await ask(name).catch(
    (error: unknown): Sequence => ({ title: `The call could not be made: ${error}`, rows: [] }),
  );
  // Somebody may have chosen another one meanwhile.
  if (mine !== latest) return;
  // This alone is announced; the list is there to be read.
  find('sequence-about', HTMLElement).textContent = sequence.title;
  find('sequence', HTMLElement).replaceChildren(...draw(sequence));
}

async function ask(name: Example): Promise<Sequence> {
  const response = await fetch(`/lab/example/${name}`, { method: 'POST' });
  if (!response.ok) throw new Error(`the worker answered with status ${response.status}`);
  return (await response.json()) as Sequence;
}

function draw({ rows }: Sequence): HTMLElement[] {
  if (rows.length === 0) return [];
  const frame = frameOf('Caller', 'Target');
  frame.rows.append(...rows.map(rowOf));
  return frame.elements;
}

/** Two lifelines, and the list of rows between them. */
export function frameOf(caller: string, target: string) {
  const rows = make('ol', { class: 'sequence' });
  const ends = make(
    'div',
    { class: 'ends', 'aria-hidden': 'true' },
    make('span', {}, caller),
    make('span', {}, target),
  );
  return { elements: [ends, rows], rows };
}

/** One row between the lifelines. */
export function rowOf({ place, title, lines, ms }: Row): HTMLElement {
  const when =
    ms === undefined ? [] : [' ', make('span', { class: 'note when' }, `${Math.round(ms)} ms`)];
  return make(
    'li',
    { class: place.replace(' ', '-') },
    make(
      'div',
      { class: 'event' },
      make('span', { class: 'for-ears' }, `${WHERE[place]}: `),
      make('strong', {}, title),
      ...when,
      ...lines.map(({ text, isCode }) =>
        make('p', { class: 'note' }, isCode ? codeOf(text) : text),
      ),
    ),
  );
}

/** Code that is longer than a line goes on, where it can, with the next step of a chain. */
function codeOf(text: string): HTMLElement {
  const parts = text.split(/(?=\.)/).flatMap((part) => [make('wbr'), part]);
  return make('code', {}, ...parts.slice(1));
}
