// Examples and links are found, and what is said of them is understood.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, blocksOfComments } from './examples/blocks.mjs';
import { anchorsOf, deadLinks } from './examples/links.mjs';
import { Project, TESTS } from './examples/project.mjs';

const page = (...lines) => blocksOf('page.md', lines.join('\n'));

test('blocks have their place, their language and what a comment says of them', () => {
  const [first, second] = page(
    'text',
    '```ts',
    'a;',
    '```',
    '',
    '<!-- example: in Stock -->',
    '```sh',
    'b',
    '```',
  );
  assert.deepEqual([first.line, first.language, first.code], [3, 'ts', ['a;']]);
  assert.deepEqual([second.line, second.inside, second.skipped], [8, 'Stock', undefined]);
  const [skipped] = page('<!-- example: skip, no such package -->', '```ts', '```');
  assert.equal(skipped.skipped, 'no such package');
});

test('a comment that nobody understands, or that no example follows, is a mistake', () => {
  assert.throws(() => page('<!-- example: skip -->', '```ts', '```'), /page\.md:1: what does/);
  assert.throws(() => page('<!-- example: in Cart -->', 'text', '```ts'), /no example follows/);
  assert.throws(() => page('```ts', '```', '', '<!-- example: in Cart -->'), /no example follows/);
  assert.throws(() => page('```ts', 'a;'), /has no end/);
});

test('each @example of a doc comment has a block', () => {
  const comment = ['/**', ' * Text.', ' * @example', ' * ```ts', ' * a();', ' * ```', ' */'];
  const [block] = blocksOfComments('a.ts', comment.join('\n'));
  assert.deepEqual([block.line, block.code], [5, ['a();']]);
  assert.throws(() => blocksOfComments('a.ts', '/**\n * @example\n */'), /1 @example, but 0/);
});

test('a block replaces a file that is there', () => {
  const project = new Project();
  const first = ['```ts', '// a.ts', 'one;', '```'];
  const again = ['```ts', '// a.ts, now with two', 'two;', '```'];
  for (const block of page(...first, ...again)) assert.equal(project.add(block), 'file');
  assert.deepEqual(project.files.get('a.ts').lines, ['// a.ts, now with two', 'two;']);
  const [alone] = page(...again);
  assert.throws(() => new Project().add(alone), /page\.md:2: there is no a\.ts yet/);
});

test('a block is a file, a part of a class, or a test that compares what it shows', () => {
  const project = new Project();
  const [file, members, rest] = page(
    ...['```ts', '// src/cart.ts', 'export class Cart extends Base {', '}', '```'],
    ...['```ts', '// src/cart.ts, in Cart', "import { x } from 'y';", 'run() {', '}', '```'],
    ...['```ts', 'console.log(1 + 1); // 2', '```'],
  );
  assert.deepEqual(
    [file, members, rest].map((block) => project.add(block)),
    ['file', 'file', 'test'],
  );
  assert.deepEqual(project.files.get('src/cart.ts').lines, [
    "import { x } from 'y';",
    '// src/cart.ts',
    'export class Cart extends Base {',
    '  // src/cart.ts, in Cart',
    '  run() {',
    '  }',
    '}',
  ]);
  project.addTests(new Map([['Cart', 'CART']]), ['explain']);
  const { lines, origins } = project.files.get(TESTS);
  const at = lines.findIndex((line) => line.includes("push(['page.md:13', 1 + 1])"));
  assert.equal(origins[at], 'page.md:13');
  assert.ok(lines.some((line) => line.includes('expect(value).toEqual((2))')));
});

test('what looks compared is compared', () => {
  for (const line of ['console.log(1);', 'console.log(1) // 1', 'console.log(']) {
    const project = new Project();
    project.add(page('```ts', line, '```')[0]);
    assert.throws(() => project.addTests(new Map(), []), /page\.md:2: write what it shows/);
  }
});

test('a script says by itself that it shows something else', () => {
  const project = new Project();
  project.add(page('```ts', '// scripts/a.ts', 'console.log(1 + 1); // 3', '```')[0]);
  project.addTests(new Map(), ['explain']);
  const code = project.files
    .get('scripts/a.ts')
    .lines.filter((line) => !line.startsWith('declare'));
  assert.throws(() => new Function(code.join('\n'))(), /\[\["page\.md:3",2\]\]/);
});

test('links that lead nowhere are found, in prose only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-links-'));
  try {
    const path = join(folder, 'a.md');
    const write = (name, text) => writeFileSync(join(folder, name), text);
    write('b.md', '# One `two`, three\n\n## Again\n\n## Again\n');
    write(
      'a.md',
      '[b](b.md#one-two-three) [c](b.md#again-1) [d](https://example.com) `[e](no.md)`\n',
    );
    assert.deepEqual(deadLinks([path]), []);
    write(
      'a.md',
      'text\n[b](b.md#two)\n[c](c.md)\n[d](https://github.com/lumenize/call/blob/main/no.md)\n',
    );
    assert.equal(deadLinks([path]).length, 3);
    assert.match(deadLinks([path])[0], /a\.md:2: .*b\.md has no #two/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('code that looks like a heading is none', () => {
  assert.deepEqual([...anchorsOf('# A\n\n```sh\n# b\n```\n')], ['a']);
});
