// The same calls under each compatibility date, with Node's modules and without.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { compatibilityDate as newest } from 'workerd';
import { createTestHarness } from 'wrangler';

const DATES = ['2025-09-01', '2026-01-15', '2026-04-21', '2026-08-04', '2026-10-01', newest];
/** From then on, Node's modules are there unless two flags turn them off. */
const NODE_BY_DEFAULT = '2026-08-04';

const WITHOUT = ['no_nodejs_compat', 'no_nodejs_compat_v2'];

const ways = DATES.flatMap((date) => {
  const byDefault = date >= NODE_BY_DEFAULT;
  return [
    { date, node: true, flags: byDefault ? [] : ['nodejs_compat'] },
    { date, node: false, flags: byDefault ? WITHOUT : [] },
  ].map((way) => ({ ...way, name: `${date}-${way.node ? 'with' : 'without'}-node` }));
});

const server = createTestHarness({
  workers: ways.map(({ name, date, flags }) => ({
    config: {
      name,
      main: 'src/worker.ts',
      compatibility_date: date,
      compatibility_flags: flags,
      durable_objects: {
        bindings: [
          { name: 'CALC', class_name: 'Calc' },
          { name: 'CALLER', class_name: 'Caller' },
        ],
      },
      services: [{ binding: 'GREETER', service: name, entrypoint: 'Greeter' }],
      migrations: [{ tag: 'v1', new_sqlite_classes: ['Calc', 'Caller'] }],
    },
  })),
});
before(() => server.listen());
after(() => server.close());

for (const { name, node } of ways) {
  suite(name, () => {
    const ask = async (what) => {
      const response = await server.getWorker(name).fetch(`/${what}`);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return JSON.parse(text);
    };

    test('handlers run with a value, with an error of its class, past a deadline', async () => {
      const [sum, failure, late] = await ask('handlers');
      assert.equal(sum, 'sum: 3');
      assert.equal(failure, 'failure: OutOfStock: no tea left');
      assert.match(late, /^late: CallError: never\(\) on CALC\/main .*50 ms/);
    });

    test('three operations, one inside the other', async () => {
      assert.equal(await ask('nested'), 1111);
    });

    test('errors arrive whole', async () => {
      assert.deepEqual(await ask('errors'), [
        'OutOfStock of tea',
        'RangeError: too far, TypeError: of a kind',
        'remote-threw: a string',
      ]);
    });

    test('calls of one turn are one message', async () => {
      assert.deepEqual(await ask('batch'), { right: true, messages: 1 });
    });

    test('a Worker entrypoint answers', async () => {
      assert.equal(await ask('entrypoint'), 'Hello, Ada');
    });

    test('the method uses its storage', async () => {
      assert.equal(await ask('storage'), 'v');
    });

    test('events come by the channel of the runtime, where it has one', async () => {
      const events = ['start add(1, 1)', 'began Calc.add', 'ended Calc.add', 'settle add(1, 1)'];
      assert.deepEqual(await ask('events'), { ours: events, runtimes: node ? events : [] });
    });
  });
}
