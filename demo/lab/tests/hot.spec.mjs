// The hot object: what its panel shows, without limits and with them.
import { expect, test } from './page.mjs';

test('a hot object without limits runs all calls; with limits it refuses what is too much', async ({
  lab,
}) => {
  const table = lab.page.getByRole('table', { name: 'What became of them' });
  await expect(table, 'nothing has run').toHaveCount(0);
  await lab.press('Make 2,000 calls');
  await lab.hears(
    /Without limits: 2,000 answered, 0 refused, at most [\d,]+ at once\. With limits: [\d,]+ answered, [\d,]+ refused, at most 50 at once\./,
  );
  const rows = await lab.table(table);
  const numbers = (name) => rows[name].map((cell) => Number(cell.replace(',', '')));
  expect(rows['']).toEqual(['Without limits', 'With limits']);
  expect(rows['Calls']).toEqual(['2,000', '2,000']);
  const [answered, refused, most, worst] = [
    'Answered',
    'Refused',
    'Most at once',
    'Worst wait, ms',
  ].map(numbers);
  expect(answered[0]).toBe(2_000);
  expect(refused[0]).toBe(0);
  expect(refused[1], 'some came too late').toBeGreaterThan(0);
  expect(answered[1] + refused[1], 'each was answered or refused').toBe(2_000);
  expect(most[0], 'far more than the limit').toBeGreaterThan(100);
  expect(most[1]).toBe(50);
  for (const ms of worst) expect(ms).toBeGreaterThan(5);
  const [none, within] = rows['Refused within, ms'];
  expect(none).toBe('–');
  expect(within).toMatch(/^[\d,]+$/);
  const chart = lab.page.getByRole('img', { name: 'Calls that run at once' });
  await expect(chart).toBeVisible();
  await expect(chart).toHaveAttribute('aria-label', /With limits: at most 50\.$/);
  await lab.press('Make 2,000 calls');
  await expect(lab.button('Make 2,000 calls')).toHaveAttribute('aria-disabled', 'true');
  await expect(lab.button('Make 2,000 calls')).toHaveAttribute('aria-disabled', 'false');
});

test('a hot object that cannot be reached is said to be so', async ({ lab }) => {
  await lab.page.route('**/lab/hot/**', (route) => route.abort());
  await lab.press('Make 2,000 calls');
  await lab.hears('The calls could not be made: TypeError');
  await lab.page.unroute('**/lab/hot/**');
  await lab.press('Make 2,000 calls');
  await lab.hears(/With limits: [\d,]+ answered/);
});
