/** The durable call: its story, row by row as it happens, and the button that resets its target. */
import type { StoryEvent } from '../events.js';
import { find } from './elements.js';
import { eventsOf } from './runs.js';
import { frameOf, rowOf } from './sequence.js';

/** The object that made the call under way, once it is known. */
let shop: string | undefined;
let isOrdering = false;
/** Whether the target has the call, and has not answered. */
let isWaiting = false;

/** Makes the buttons work. */
export function buildDurable(): void {
  find('order', HTMLButtonElement).addEventListener('click', () => {
    if (!isOrdering) void order();
  });
  find('reset', HTMLButtonElement).addEventListener('click', () => {
    if (isWaiting && shop !== undefined) void reset(shop);
  });
  showButtons();
}

async function order(): Promise<void> {
  isOrdering = true;
  showButtons();
  const list = frameOf('Shop', 'Stock');
  find('story', HTMLElement).replaceChildren(...list.elements);
  try {
    const response = await fetch('/lab/durable/order', { method: 'POST' });
    for await (const event of eventsOf<StoryEvent>(response)) {
      if (event.type === 'begin') shop = event.shop;
      if (event.type !== 'row') continue;
      list.rows.append(rowOf(event.row));
      isWaiting = event.isWaiting;
      say(`${event.row.title}.`);
      showButtons();
    }
  } catch (error) {
    say(`The order did not come to its end: ${error}`);
  } finally {
    isOrdering = false;
    isWaiting = false;
    shop = undefined;
    showButtons();
  }
}

async function reset(of: string): Promise<void> {
  // Once for each attempt.
  isWaiting = false;
  showButtons();
  const response = await fetch(`/lab/durable/reset/${of}`, { method: 'POST' }).catch(String);
  if (typeof response === 'string') say(`The target could not be reset: ${response}`);
}

/** The button that was pressed keeps the focus, so it stays enabled, and does nothing meanwhile. */
function showButtons(): void {
  find('order', HTMLButtonElement).setAttribute('aria-disabled', String(isOrdering));
  find('reset', HTMLButtonElement).setAttribute('aria-disabled', String(!isWaiting));
}

function say(text: string): void {
  find('durable-about', HTMLElement).textContent = text;
}
