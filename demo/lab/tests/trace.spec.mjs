// The trace of one call over three objects: what ran inside of what.
import { expect, test } from './page.mjs';

test('one call over three objects is a tree of what ran inside of what', async ({ lab }) => {
  await lab.press('Check out');
  await lab.hears(/^5 methods ran in three objects, in \d+ ms\.$/);
  const panel = lab.page.getByRole('region', { name: 'One call over three objects' });
  /** The items that have this text, directly or inside of them. */
  const items = (name) => panel.getByRole('listitem').filter({ hasText: name });
  await expect(panel.getByRole('listitem')).toHaveCount(5);
  const inside = (outer, name) => items(outer).getByRole('listitem').filter({ hasText: name });
  await expect(inside('LabCart.checkout', 'LabUsers.getUser')).toHaveCount(1);
  await expect(inside('LabCart.checkout', 'LabUsers.reserve')).toHaveCount(1);
  const reserve = panel.getByRole('listitem').filter({ hasText: /^LabUsers\.reserve/ });
  await expect(reserve.getByRole('listitem')).toHaveText([
    /^LabStock\.countOf by LabUsers \d+ ms$/,
    /^LabStock\.priceOf by LabUsers \d+ ms$/,
  ]);
  const getUser = panel.getByRole('listitem').filter({ hasText: /^LabUsers\.getUser/ });
  await expect(getUser).toHaveText(/^LabUsers\.getUser by LabCart \d+ ms$/);
  const msOf = async (item) => Number(/(\d+) ms/.exec(await item.textContent())[1]);
  const whole = await msOf(items('LabCart.checkout').first());
  const parts = [await msOf(getUser), await msOf(reserve)];
  expect(parts[0] + parts[1], 'one after the other, inside of the whole').toBeLessThanOrEqual(
    whole + 1,
  );
  await lab.sees('On your machine all objects share one isolate');
});
