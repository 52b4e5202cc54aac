/** The form: what one chooses, and beside each field the sentence that says why it makes no sense. */
import {
  type Checked,
  FAILURES,
  type Failure,
  FIELDS,
  MODES,
  NUMBERS,
  type NumberField,
  type Problems,
  rangeOf,
  readSettings,
  type Settings,
} from '../settings.js';
import { find, make } from './elements.js';

const HINTS: Record<NumberField, string> = {
  calls: 'All in one turn.',
  payload: 'Both ways.',
  delay: 'At the target.',
  failureRate: 'The same calls each time.',
  deadline: 'Workers RPC has none.',
};

/** Builds the form. */
export function buildForm(): void {
  const modes = Object.entries(MODES).map(([mode, { name, how }]) => {
    const input = make('input', {
      type: 'radio',
      name: 'mode',
      value: mode,
      id: `mode-${mode}`,
      'aria-describedby': `mode-${mode}-how`,
    });
    input.checked = mode === 'batched';
    return make(
      'div',
      { class: `mode ${mode}` },
      input,
      make('label', { for: input.id }, name),
      make('p', { class: 'note', id: `mode-${mode}-how` }, how),
    );
  });
  find('mode', HTMLElement).append(...modes, problemOf('mode'));
  const fields = (Object.keys(NUMBERS) as NumberField[]).map(numberField);
  find('fields', HTMLElement).append(...fields, failureField());
}

/** What is chosen, or `undefined` after what makes no sense has been said and has the focus. */
export function readForm(): Settings | undefined {
  const { settings, problems } = check();
  showProblems(problems ?? {});
  return settings;
}

/** What is chosen, or `undefined` while it makes no sense, of which nothing is said yet. */
export function peekForm(): Settings | undefined {
  return check().settings;
}

function check(): Checked {
  return readSettings(Object.fromEntries(new FormData(find('settings', HTMLFormElement))));
}

/** Says beside each field what is wrong with it; the first of them gets the focus. */
export function showProblems(problems: Problems): void {
  let first: HTMLElement | undefined;
  const fields = ['mode', ...Object.keys(FIELDS)] as (keyof Settings)[];
  for (const field of fields) {
    const input = find(field, HTMLElement);
    const sentence = find(`${field}-problem`, HTMLElement);
    const problem = problems[field];
    sentence.textContent = problem ?? '';
    sentence.hidden = problem === undefined;
    if (problem === undefined) input.removeAttribute('aria-invalid');
    else {
      input.setAttribute('aria-invalid', 'true');
      first ??= input.querySelector('input') ?? input;
    }
  }
  first?.focus();
}

function numberField(field: NumberField): HTMLElement {
  const { label, unit, initial } = NUMBERS[field];
  // Not of type `number`: the browser would drop what it cannot read, and nothing could be said of it.
  const input = make('input', {
    type: 'text',
    inputmode: 'numeric',
    name: field,
    id: field,
    value: String(initial),
    'aria-describedby': `${field}-hint ${field}-problem`,
  });
  const caption = unit === '' ? label : `${label}, ${unit}`;
  const hint = `${rangeOf(field)}. ${HINTS[field]}`;
  return fieldOf(field, caption, input, hint);
}

function failureField(): HTMLElement {
  const select = make('select', {
    name: 'failure',
    id: 'failure',
    'aria-describedby': 'failure-hint failure-problem',
  });
  for (const [value, text] of Object.entries(FAILURES) as [Failure, string][]) {
    select.append(make('option', { value }, text));
  }
  return fieldOf('failure', FIELDS.failure, select, 'If the rate is above 0.');
}

function fieldOf(id: string, caption: string, control: HTMLElement, hint: string): HTMLElement {
  return make(
    'div',
    { class: `field ${id}` },
    make('label', { for: id }, caption),
    make('p', { class: 'hint', id: `${id}-hint` }, hint),
    control,
    problemOf(id),
  );
}

/** Where the sentence about a field stands once it makes no sense. */
function problemOf(id: string): HTMLElement {
  return make('p', { class: 'problem', id: `${id}-problem`, hidden: '' });
}
