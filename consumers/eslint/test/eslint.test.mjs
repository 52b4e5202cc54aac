import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ESLint } from 'eslint';

const FILE = 'src/cart.ts';

test('no-floating-promises finds what was recorded and forgotten, and nothing else', async () => {
  const [{ messages }] = await new ESLint().lintFiles([FILE]);
  const lines = readFileSync(FILE, 'utf8').split('\n');
  const found = messages.map(({ ruleId, line }) => `${ruleId}: ${lines[line - 1].trim()}`);
  const rule = '@typescript-eslint/no-floating-promises';
  assert.deepEqual(found, [
    `${rule}: users.getUser('forgotten');`,
    `${rule}: users.getUser('its member, too').id;`,
    `${rule}: void users.getUser('not sent either');`,
    `${rule}: this.svc.callRaw(users.getUser('also forgotten'));`,
  ]);
});
