// What set-up says where something is missing: one sentence with the remedy, and no stack trace; and what it
// builds tools from.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('without Rust, one sentence says where to get it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-setup-'));
  try {
    symlinkSync(process.execPath, join(folder, 'node'));
    const { status, stderr } = spawnSync('node', ['scripts/run.mjs', 'scripts/build/build.mjs'], {
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
  const older = 'Object.defineProperty(process.versions,"node",{value:"18.20.0"})';
  const { status, stderr } = spawnSync('node', ['scripts/run.mjs', 'scripts/build/build.mjs'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(older)}` },
  });
  assert.equal(status, 1);
  assert.equal(
    stderr.trim(),
    'Node 18.20.0 is too old: install Node 20 or newer from https://nodejs.org.',
  );
});

test('all that the tools are made of has its sum, and the wasm-bindgen CLI the version of the crate', () => {
  const [, ...packages] = readFileSync('tools/Cargo.lock', 'utf8').split('[[package]]');
  const unchecked = packages.filter((text) => !/^checksum = "[0-9a-f]{64}"$/m.test(text));
  assert.deepEqual(
    unchecked.map((text) => /^name = "(.+)"$/m.exec(text)[1]),
    ['tools'],
  );
  const [, version] = /^wasm-bindgen = "(=.+)"$/m.exec(readFileSync('Cargo.toml', 'utf8'));
  const manifest = readFileSync('tools/Cargo.toml', 'utf8');
  assert.ok(manifest.includes(`wasm-bindgen-cli = "${version}"`), version);
});
