// Tests that the folders of ts/ depend on each other in one direction, and that no file outgrows an evening.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

/** The folders of ts/, each of which may import those before it. HACKING.md says what each is for. */
const FOLDERS = [
  'runtime',
  'wire',
  'record',
  'receiving',
  'calling',
  'object',
  'durable',
  'testing',
];

/** Lines beyond which a file has more than one subject. */
const MOST_LINES = 350;

const files = globSync('ts/**/*.ts').sort();

/** What the compiler sees: these files have no code, and are imported for their types from anywhere. */
const TYPES = 'ts/types/';

/** The files that a file imports, whole or for their types. */
function importsOf(file) {
  const text = readFileSync(file, 'utf8').replace(
    /^import type [^;]*'[^']*\/types\/[^']*';$/gm,
    '',
  );
  return [...text.matchAll(/(?:from |import |import\()'(\.[^']+)\.js'/g)].map(([, to]) =>
    join(dirname(file), `${to}.ts`),
  );
}

/** Which of the folders a file is in; -1 for an entry, or what the core declares. */
function levelOf(file) {
  return FOLDERS.indexOf(file.split('/')[1]);
}

test('a folder imports only those before it', () => {
  const wrong = files.flatMap((file) => {
    const level = levelOf(file);
    if (level < 0) return [];
    return importsOf(file)
      .filter((to) => levelOf(to) > level || (levelOf(to) < 0 && !to.startsWith('ts/wasm/')))
      .map((to) => `${file} imports ${to}`);
  });
  assert.deepEqual(wrong, []);
});

test('types are types only', () => {
  for (const file of files.filter((each) => each.startsWith(TYPES))) {
    const text = readFileSync(file, 'utf8');
    assert.doesNotMatch(
      text,
      /^import (?!type )|^(export )?(function|class|const|let|enum) /m,
      file,
    );
  }
});

test(`no file has more than ${MOST_LINES} lines`, () => {
  const long = files
    .map((file) => [file, readFileSync(file, 'utf8').split('\n').length - 1])
    .filter(([, lines]) => lines > MOST_LINES);
  assert.deepEqual(long, []);
});
