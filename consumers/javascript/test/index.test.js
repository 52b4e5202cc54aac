// Durable Objects in plain JavaScript call each other; mistakes that no compiler saw are refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestHarness } from 'wrangler';

const server = createTestHarness({ workers: [{ configPath: './wrangler.jsonc' }] });
before(() => server.listen());
after(() => server.close());

const ask = async (what) => (await server.fetch(`/${what}`)).json();

test('each handler runs, with the value or with an error', async () => {
  assert.deepEqual(await ask(''), [
    ['u1', 'Ada'],
    ['nobody', 'RangeError: no user nobody'],
  ]);
});

test('mistakes have codes, though no compiler has seen them', async () => {
  assert.deepEqual(await ask('mistakes'), [
    'unknown-binding',
    'invalid-continuation',
    'not-callable',
  ]);
});

test('a plain Worker calls a Durable Object', async () => {
  assert.deepEqual(await ask('worker'), { id: 'u2', name: 'Ada' });
});
