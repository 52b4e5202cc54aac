// README's first example under Vite: what it builds runs, and its development server answers.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { createServer } from 'vite';
import { createTestHarness } from 'wrangler';

const BUILT = 'dist/consumer_vite';

test('what was built holds the core once, and runs', async () => {
  const files = readdirSync(BUILT, { recursive: true });
  assert.equal(files.filter((name) => name.endsWith('.wasm')).length, 1, `${files}`);
  const server = createTestHarness({ workers: [{ configPath: `${BUILT}/wrangler.json` }] });
  try {
    await server.listen();
    assert.deepEqual(await (await server.fetch('/')).json(), { id: 'u1', name: 'Ada' });
  } finally {
    await server.close();
  }
});

test('the development server answers', async () => {
  const server = await createServer({ server: { host: '127.0.0.1', port: 0 } });
  try {
    await server.listen();
    const { port } = server.httpServer.address();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.deepEqual(await response.json(), { id: 'u1', name: 'Ada' });
  } finally {
    await server.close();
  }
});
