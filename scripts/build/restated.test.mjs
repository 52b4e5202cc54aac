// The build fails where TypeScript says again what the core defines.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { restatements } from './restated.mjs';

const DECLARATIONS = `
export type CallErrorCode =
| 'timeout'
| 'not-callable';
export const enum DefaultOption {
    TimeoutMs = 30000,
}
`;

function found(source) {
  const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-restated-'));
  try {
    writeFileSync(join(folder, 'core.d.ts'), DECLARATIONS);
    writeFileSync(join(folder, 'source.ts'), source);
    return restatements(join(folder, 'core.d.ts'), folder)
      .filter((line) => line.includes('source.ts'))
      .map((line) => line.slice(folder.length + 1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a number that the core names is found', () => {
  assert.deepEqual(found('\nconst timeout = 30_000;'), [
    'source.ts:2: 30_000 is DefaultOption.TimeoutMs',
  ]);
});

test('a list of codes and a second declaration are found', () => {
  assert.deepEqual(found("type CallErrorCode = 'timeout' | 'not-callable';"), [
    'source.ts:1: CallErrorCode is declared again',
    'source.ts:1: codes are listed again: use CallErrorCode',
  ]);
  assert.equal(found("const all = ['timeout', 'not-callable'];").length, 1);
});

test('a use is no restatement', () => {
  const source = "fail('timeout', 'it took long'); // 30_000\nconst id = /x{30000}/; wait(300);";
  assert.deepEqual(found(source), []);
});
