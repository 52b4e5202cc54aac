// A base class that finds its services on `globalThis` has calls, whichever is imported first.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createTestHarness } from 'wrangler';

const ORDERS = ['base-first', 'call-first'];

const server = createTestHarness({
  workers: [...ORDERS, 'own-ctn'].map((name) => ({
    config: {
      name,
      main: `src/${name}.ts`,
      compatibility_date: '2026-11-01',
      durable_objects: {
        bindings: [
          { name: 'CART', class_name: 'Cart' },
          { name: 'USERS', class_name: 'Users' },
        ],
      },
      migrations: [{ tag: 'v1', new_sqlite_classes: ['Cart', 'Users'] }],
    },
  })),
});
before(() => server.listen());
after(() => server.close());

for (const order of ORDERS) {
  suite(order, () => {
    const ask = async (what) => (await server.getWorker(order).fetch(`/CART/${what}`)).json();

    test('this.svc.call runs its handlers, with a value and with an error', async () => {
      assert.deepEqual(await ask('refresh'), ['Ada', 'RangeError: no user nobody']);
    });

    test('this.svc.callRaw yields the answer', async () => {
      assert.deepEqual(await ask('raw'), { id: 'u2', name: 'Ada' });
    });

    test('other services are as they were', async () => {
      assert.equal(await ask('shouted'), 'STILL HERE!');
      assert.match(await ask('others'), /Service 'unknown' not found/);
    });
  });
}

test('a ctn of its own is left alone, and what it records is refused with the remedy', async () => {
  const ask = async (what) => (await server.getWorker('own-ctn').fetch(`/CART/${what}`)).json();
  assert.match(await ask('theirs'), /^CallError: the remote is .*newContinuation/);
  assert.deepEqual(await ask('ours'), { id: 'u3', name: 'Ada' });
});
