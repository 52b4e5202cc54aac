// The durable call: its story as it happens, with its target reset and without.
import { expect, test } from './page.mjs';

const STORED = [
  /^At the caller:\sThe call is stored.*take\("chair"\), onTaken\(take\("chair"\), "o1"\)/s,
  /^From the caller to the target:\sSent/,
  /^At the target:\sThe method waits.*take\("chair"\)/s,
];
const RESET = [
  /^At the target:\sThe target is reset.*ctx\.abort\(\)/s,
  /^From the caller to the target:\sSent again.*Attempt 2/s,
  /^At the target:\sThe method waits/,
];
const ANSWERED = [
  /^From the target to the caller:\sAnswered.*value/s,
  /^At the caller:\sIts handler runs.*onTaken\("chair 1", "o1"\)/s,
  /^At the caller:\sThe record is gone.*The handler ran once\. A chair was taken once\./s,
];

/** The rows of the story, once there are so many. */
async function rowsOf(lab, count) {
  const rows = lab.page.getByRole('region', { name: 'A durable call' }).getByRole('listitem');
  await expect(rows).toHaveCount(count);
  return rows.allInnerTexts();
}

function areLike(texts, patterns) {
  for (const [at, text] of texts.entries()) expect(text).toMatch(patterns[at]);
}

test('a durable call whose target is reset while it waits', async ({ lab }) => {
  await expect(lab.button('Reset the target'), 'nothing waits').toHaveAttribute(
    'aria-disabled',
    'true',
  );
  await lab.press('Place an order');
  await lab.hears('The method waits.');
  areLike(await rowsOf(lab, 3), STORED);
  await expect(lab.button('Place an order')).toHaveAttribute('aria-disabled', 'true');
  const reset = Date.now();
  await lab.press('Reset the target');
  // Live: each is seen before the next has happened.
  areLike(await rowsOf(lab, 6), [...STORED, ...RESET]);
  await lab.seesNot('Answered');
  areLike(await rowsOf(lab, 9), [...STORED, ...RESET, ...ANSWERED]);
  expect(Date.now() - reset, 'a person waits for some seconds').toBeLessThan(15_000);
  await lab.hears('The record is gone.');
  await expect(lab.button('Reset the target')).toHaveAttribute('aria-disabled', 'true');
  await expect(lab.button('Place an order')).toHaveAttribute('aria-disabled', 'false');
});

test('a durable call whose target is left alone', async ({ lab }) => {
  await lab.press('Place an order');
  areLike(await rowsOf(lab, 6), [...STORED, ...ANSWERED]);
});

test('an order that cannot be placed is said to be so', async ({ lab }) => {
  await lab.page.route('**/lab/durable/**', (route) => route.abort());
  await lab.press('Place an order');
  await lab.hears('The order did not come to its end: TypeError');
  await lab.page.unroute('**/lab/durable/**');
  await lab.press('Place an order');
  await lab.hears('The method waits.');
});
