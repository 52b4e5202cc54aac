// Tests of what scripts/release/publish.mjs refuses.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

/** What the script says in a folder that `prepare` has made. */
function publishIn(prepare) {
  const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-publish-'));
  try {
    prepare(folder);
    const options = { cwd: folder, encoding: 'utf8' };
    const { status, stderr } = spawnSync('node', [resolve('scripts/release/publish.mjs')], options);
    assert.equal(status, 1);
    return stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a tree with changes is refused, which are named', () => {
  const said = publishIn((folder) => {
    assert.equal(spawnSync('git', ['init', '--quiet'], { cwd: folder }).status, 0);
    writeFileSync(join(folder, 'forgotten.ts'), '');
  });
  assert.match(said, /^publish: commit or remove these changes first:\n\?\? forgotten\.ts$/m);
});

test('what is no tree is refused', () => {
  assert.match(
    publishIn(() => {}),
    /^publish: this is not a git work tree/m,
  );
});
