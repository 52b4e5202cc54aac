// What set-up says where something is missing: one sentence with the remedy, and no stack trace.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('without Rust, one sentence says where to get it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-setup-'));
  try {
    symlinkSync(process.execPath, join(folder, 'node'));
    const { status, stderr } = spawnSync('node', ['scripts/run.mjs', 'build'], {
      encoding: 'utf8',
      env: { PATH: folder },
    });
    assert.equal(status, 1);
    assert.equal(
      stderr.trim(),
      'rustup is missing: install Rust from https://rustup.rs, then run this again.',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a Node that is too old is told which one to install', () => {
  const { status, stderr } = spawnSync(
    'node',
    [
      '--import',
      'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.0"})',
      'scripts/run.mjs',
      'build',
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 1);
  assert.equal(
    stderr.trim(),
    'Node 18.20.0 is too old: install Node 20 or newer from https://nodejs.org.',
  );
});
