// The page of the lab, as a person sees and uses it, for its tests.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** Milliseconds: how long anything may take that a person waits for. */
const PATIENCE = 60_000;
/** CSS pixels: what a finger needs. */
const TOUCH = 44;
const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** How the calls are made, as the page names it. */
export const WAYS = ['Workers RPC', 'Awaited, alone', 'Handler, alone', 'Batched'];

/** The page, as a person sees and uses it. */
export class Lab {
  constructor(page, url) {
    this.page = page;
    this.url = url;
    this.requests = [];
    this.complaints = [];
    page.setDefaultTimeout(PATIENCE);
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) this.requests.push(request);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  async open() {
    await this.page.goto(this.url);
    await this.page.getByRole('heading', { name: 'The lab' }).waitFor();
    await this.sees('Its handler runs');
  }

  async choose(way, fields) {
    await this.page.getByRole('radio', { name: way, exact: true }).check();
    for (const [label, value] of Object.entries(fields)) {
      await this.field(label).fill(String(value));
    }
  }

  field(label) {
    return this.page.getByRole('textbox', { name: label });
  }

  press(name) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  sees(text) {
    return this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** Waits until a screen reader says it of itself. */
  hears(text) {
    return this.page.getByRole('status').getByText(text).waitFor();
  }

  async seesNot(text) {
    assert.equal(await this.page.getByText(text).filter({ visible: true }).count(), 0, text);
  }

  valueOf(label) {
    return this.field(label).inputValue();
  }

  /** Waits for the numbers of the latest run. */
  async counts(expected) {
    for (const [name, value] of Object.entries(expected)) {
      const term = this.page.getByRole('term').filter({ hasText: name });
      await term.locator('..').getByText(value, { exact: true }).waitFor();
    }
  }

  /** The cells of the comparison, by the heads of its rows. */
  async table() {
    const rows = await this.page.getByRole('table').getByRole('row').all();
    const cells = await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()));
    return Object.fromEntries(cells.map(([head, ...values]) => [head, values]));
  }

  isFocused(label) {
    const control = this.field(label).or(
      this.page.getByRole('radio', { name: label, exact: true }),
    );
    return control.evaluate((element) => element === document.activeElement);
  }

  async tabTo(name) {
    const button = this.page.getByRole('button', { name, exact: true });
    for (let presses = 0; presses < 40; presses++) {
      if (await button.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not come to '${name}'`);
  }

  sent(path) {
    return this.requests.filter((request) => new URL(request.url()).pathname === path);
  }
}

/** Nothing is wider than the screen, or than its own place. */
export async function fits(page) {
  const [needed, given] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(needed <= given, `${needed} pixels wide, of which ${given} are seen`);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('th, td, dd, figure li, label, p, button')]
      .filter((element) => !element.matches('.for-ears'))
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ textContent }) => textContent),
  );
  assert.deepEqual(cut, [], 'no text leaves its place');
  const { x, width } = await page.getByRole('img', { name: 'Latency of calls' }).boundingBox();
  for (const way of WAYS) {
    const name = await page.locator('figure').getByText(way, { exact: true }).boundingBox();
    // The chart is a whole number of pixels wide, its place need not be.
    const isWithin = name.x >= x && name.x + name.width < x + width + 1;
    assert.ok(isWithin, `${way} is named above the chart`);
  }
}

/** Of a radio button, its whole card reacts to a finger. */
export async function canBeTouched(page) {
  for (const control of await page.locator('button:visible, input, select').all()) {
    const isRadio = (await control.getAttribute('type')) === 'radio';
    const { height } = await (isRadio ? control.locator('..') : control).boundingBox();
    assert.ok(height >= TOUCH, `${await control.getAttribute('id')}: ${height}`);
  }
}

/** By the rules of axe, contrast among them. */
export async function isAccessible(page) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate('axe.run()');
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`);
  assert.deepEqual(found, []);
  assert.ok(passes.some(({ id }) => id === 'color-contrast'));
}
