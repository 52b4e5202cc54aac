// The page of the lab as a person sees and uses it: the fixture `lab` of its tests.
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import { start } from './server.mjs';

export { expect };

/** How the calls are made, as the page names it. */
export const WAYS = ['Workers RPC', 'Awaited, alone', 'Handler, alone', 'Batched'];
export const WIDE = { width: 1280, height: 900 };
export const NARROW = { width: 360, height: 740 };
/** CSS pixels: what a finger needs. */
const TOUCH = 44;

export const test = base.extend({
  /** The address of the lab, which is served once for all tests. */
  url: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what a fixture needs.
    async ({}, use) => {
      const { child, said, ended } = await start(
        'node',
        ['demo/lab/start.mjs'],
        /^lab: (http:\S+)/,
      );
      await use(said[1]);
      child.kill('SIGINT');
      await ended;
    },
    { scope: 'worker' },
  ],
  viewport: WIDE,
  /** The page, opened. Nothing may have gone wrong in it when the test ends. */
  lab: async ({ page, url }, use) => {
    const lab = new Lab(page, url);
    await lab.open();
    await use(lab);
    expect(lab.complaints).toEqual([]);
  },
});

class Lab {
  constructor(page, url) {
    this.page = page;
    this.url = url;
    this.requests = [];
    this.complaints = [];
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) this.requests.push(request);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  async open() {
    await this.page.goto(this.url);
    await expect(this.page.getByRole('heading', { name: 'The lab' })).toBeVisible();
    await this.sees('Its handler runs');
  }

  async choose(way, fields) {
    await this.page.getByRole('radio', { name: way, exact: true }).check();
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(`${value}`);
  }

  chooseFailure(failure) {
    return this.page.getByLabel('Failing calls').selectOption(failure);
  }

  field(label) {
    return this.page.getByRole('textbox', { name: label });
  }

  radio(way) {
    return this.page.getByRole('radio', { name: way, exact: true });
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  press(name) {
    return this.button(name).click();
  }

  #visible(text) {
    return this.page.getByText(text).filter({ visible: true });
  }

  sees(text) {
    return expect(this.#visible(text).first()).toBeVisible();
  }

  async seesNot(text) {
    expect(await this.#visible(text).count(), `${text}`).toBe(0);
  }

  /** Waits until a screen reader says it of itself. */
  hears(text) {
    return expect(this.page.getByRole('status').getByText(text)).toBeVisible();
  }

  /** Waits until nothing runs any more. */
  ends() {
    return expect(this.button('Stop')).toBeHidden();
  }

  /** Waits for the numbers of the latest run. */
  async counts(expected) {
    for (const [name, value] of Object.entries(expected)) {
      const term = this.page.getByRole('term').filter({ hasText: name });
      await expect(term.locator('..').getByRole('definition')).toHaveText(value);
    }
  }

  /** The comparison of the ways. */
  comparison() {
    return this.page.getByRole('table', { name: 'The last run of each way' });
  }

  /** The cells of a table, by the heads of its rows. */
  async table(table = this.comparison()) {
    const rows = await table.getByRole('row').all();
    const cells = await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()));
    return Object.fromEntries(cells.map(([head, ...values]) => [head, values]));
  }

  async tabTo(name) {
    const button = this.button(name);
    for (let presses = 0; presses < 40; presses++) {
      if (await button.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not come to '${name}'`);
  }

  sent(path) {
    return this.requests.filter((request) => new URL(request.url()).pathname === path);
  }

  /** Nothing is wider than the screen, or than its own place. */
  async fits() {
    const [needed, given] = await this.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(needed, 'pixels wide').toBeLessThanOrEqual(given);
    const cut = await this.page.evaluate(() =>
      [...document.querySelectorAll('th, td, dd, figure li, label, p, button')]
        .filter((element) => !element.matches('.for-ears'))
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ textContent }) => textContent),
    );
    expect(cut, 'no text leaves its place').toEqual([]);
    const chart = this.page.getByRole('img', { name: 'Latency of calls' });
    const { x, width } = await chart.boundingBox();
    for (const way of WAYS) {
      const name = await this.legend(way).boundingBox();
      // The chart is a whole number of pixels wide, its place need not be.
      const isWithin = name.x >= x && name.x + name.width < x + width + 1;
      expect(isWithin, `${way} is named above the chart`).toBe(true);
    }
  }

  legend(way) {
    return this.page.locator('figure').getByText(way, { exact: true });
  }

  /** Of a radio button, its whole card reacts to a finger. */
  async canBeTouched() {
    for (const control of await this.page.locator('button:visible, input, select').all()) {
      const isRadio = (await control.getAttribute('type')) === 'radio';
      const { height } = await (isRadio ? control.locator('..') : control).boundingBox();
      expect(height, await control.getAttribute('id')).toBeGreaterThanOrEqual(TOUCH);
    }
  }

  /** By the rules of axe, contrast among them. */
  async isAccessible() {
    const { violations, passes } = await new AxeBuilder({ page: this.page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`);
    expect(found).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain('color-contrast');
  }
}
