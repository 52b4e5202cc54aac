// What each example shows, from top to bottom.
import { expect, test } from './page.mjs';

const EXAMPLES = {
  'One call': [
    /^At the caller:\sA call returns at once.*getUser\("u1"\), onOutcome\(getUser\("u1"\), 1\)/s,
    /^From the caller to the target:\sOne frame: 1 program, \d+ bytes.*getUser\("u1"\)/s,
    /^At the target:\sA method runs, once.*getUser\("u1"\)/s,
    /^From the target to the caller:\sAn outcome.*value: \{"id":"u1","name":"Ada"\}/s,
    /^At the caller:\sIts handler runs.*onOutcome\(\{"id":"u1","name":"Ada"\}, 1\)/s,
  ],
  'Three, nested': [
    /add\(add\(1, 10\), add\(100, 1000\)\)/,
    /One frame: 1 program, \d+ bytes.*add\(add\(1, 10\), add\(100, 1000\)\).*4 argument values/s,
    /3 methods run, each once.*add\(1, 10\)\s*add\(100, 1000\)\s*add\(11, 1100\)/s,
    /An outcome\s*value: 1111/,
    /Its handler runs.*onOutcome\(1111, 1\)/s,
  ],
  'An error': [
    /getUser\("nobody"\)/,
    /One frame: 1 program/,
    /A method runs, once/,
    /An outcome\s*remote-threw: RangeError: there is no user 'nobody'/,
    /Its handler runs.*onOutcome\(RangeError: there is no user 'nobody', 1\)/s,
  ],
  'Several in one turn': [
    /5 calls return at once.*getUser\("u1"\)\.name\.toUpperCase\(\)/s,
    /One frame: 5 programs, \d+ bytes.*Programs that are alike are encoded once/s,
    /5 methods run, each once/,
    /4 outcomes\s*value: 11\s*value: "ADA"\s*remote-threw: RangeError: there is no user 'nobody'\s*value: 22/,
    /Their handlers run, each once.*onOutcome\(22, 5\)/s,
    /An outcome\s*value: "waited 200 ms"/,
    /Its handler runs\s*2\d\d ms.*onOutcome\("waited 200 ms", 2\)/s,
  ],
  'A deadline': [
    /never\(\), onOutcome\(never\(\), 1\), \{ timeout: 250 \}/,
    /One frame: 1 program, \d+ bytes/,
    /A method runs, once\s*never\(\)/,
    /The deadline passes\s*\d+ ms\s*timeout: nothing has come within 250 ms/,
    /Its handler runs.*CallError 'timeout': never\(\) on LAB_TARGET\/.*did not answer within 250 ms/s,
  ],
};

test('three operations nested are said to be what they are', async ({ lab }) => {
  await lab.press('Three, nested');
  await lab.hears(
    'Three operations, two of them arguments of the third: one message, one round trip.',
  );
});

for (const [example, rows] of Object.entries(EXAMPLES)) {
  test(`the sequence of “${example}”`, async ({ lab }) => {
    await lab.press(example);
    const items = lab.page.getByRole('list').filter({ hasText: rows[0] }).getByRole('listitem');
    await expect(items).toHaveCount(rows.length);
    for (const [at, text] of (await items.allInnerTexts()).entries())
      expect(text).toMatch(rows[at]);
    await expect(lab.page.getByRole('button', { pressed: true })).toHaveText([example]);
  });
}
