// How the page looks, is touched, heard and used without a mouse: wide, at phone width, light and dark.
import { expect, NARROW, test, WIDE } from './page.mjs';

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [WIDE, NARROW]) {
    const width = viewport === WIDE ? 'wide' : 'at phone width';
    test.describe(`${width} and ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });

      test('fits, can be touched, read and heard', async ({ lab }) => {
        const { page } = lab;
        await lab.choose('Batched', { 'Failure rate': 10, Calls: 500 });
        await lab.press('Run all four');
        await lab.sees('In the last run (Batched):');
        // The longest numbers that there are.
        await lab.choose('Batched', { Calls: 10_000 });
        await lab.press('Run');
        await lab.counts({ 'Handlers run': '10,000 of 10,000' });
        await lab.choose('Batched', { Deadline: '5' });
        await lab.press('Run');
        await lab.sees('5 is too small');
        await lab.press('Several in one turn');
        await lab.sees('value: "waited 200 ms"');
        await lab.press('Make 2,000 calls');
        await lab.hears(/With limits: [\d,]+ answered/);
        await lab.press('Place an order');
        await lab.hears('The method waits.');
        await lab.press('Reset the target');
        await lab.hears('The record is gone.');
        await lab.press('Check out');
        await lab.hears('5 methods ran in three objects');
        const name = `${viewport === WIDE ? 'wide' : 'narrow'}-${colorScheme}`;
        await page.screenshot({ path: `target/lab/${name}.png`, fullPage: true });
        await lab.fits();
        await lab.canBeTouched();
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const brightness = Math.max(...ground.match(/\d+/g).map(Number));
        if (colorScheme === 'dark') expect(brightness).toBeLessThan(64);
        else expect(brightness).toBeGreaterThan(192);
        await lab.isAccessible();
      });
    });
  }
}

test.describe('at 1440 × 900', () => {
  test.use({ viewport: { width: 1440, height: 900 } });

  test('all of the form and of the comparison is seen without scrolling', async ({ lab }) => {
    const whole = { ratio: 1 };
    await expect(lab.button('Run')).toBeInViewport(whole);
    // By the third time, the engine has seen the code.
    for (const _ of [1, 2, 3]) {
      await lab.press('Run all four');
      await lab.sees('Batched: 200 of 200 handlers run');
      await lab.ends();
    }
    for (const name of ['Run', 'Run all four']) {
      await expect(lab.button(name)).toBeInViewport(whole);
    }
    await expect(lab.page.getByRole('img', { name: 'Latency of calls' })).toBeInViewport(whole);
    await expect(lab.comparison()).toBeInViewport(whole);
    // The picture of README.md.
    await lab.page.mouse.move(0, 0);
    await lab.page.screenshot({ path: 'target/lab/all-four.png' });
  });
});

test('the keyboard is enough', async ({ lab }) => {
  const { keyboard } = lab.page;
  await keyboard.press('Tab');
  await expect(lab.radio('Batched'), 'the ways come first').toBeFocused();
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowUp');
  await expect(lab.radio('Awaited, alone')).toBeFocused();
  await keyboard.press('Tab');
  await expect(lab.field('Calls')).toBeFocused();
  await keyboard.type('12');
  await expect(lab.field('Calls'), 'the focus is seen').toHaveCSS('outline-width', '3px');
  await keyboard.press('Enter');
  await lab.sees('Awaited, alone: 12 of 12 handlers run');
  await expect(lab.field('Calls'), 'the focus stays').toBeFocused();
  for (const name of ['Run', 'Run all four']) {
    await lab.tabTo(name);
    await keyboard.press(name === 'Run' ? 'Space' : 'Enter');
    const way = name === 'Run' ? 'Awaited, alone' : 'Batched';
    await lab.sees(`${way}: 12 of 12 handlers run`);
    await lab.ends();
  }
  await lab.tabTo('An error');
  await keyboard.press('Enter');
  await lab.sees('What the method throws arrives in the handler, as its own class.');
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the page says what it needs', async ({ page, url }) => {
    await page.goto(url);
    // Not by its text: Playwright takes what is in a noscript for unseen.
    const sentence = page.locator('noscript p');
    await expect(sentence).toBeVisible();
    await expect(sentence).toHaveText(/are there once JavaScript is\s+allowed here/);
    await expect(page.getByRole('button'), 'nothing that could not work').toHaveCount(0);
  });
});
