// `npm run docs`: writes docs/api.md from the doc comments of what is published. With --check it
// writes nothing and fails where the file is not what it would write.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from '../build/build.mjs';
import { capture, fail } from '../lib/spawn.mjs';
import { installApart } from '../setup/apart.mjs';

const FOLDER = 'scripts/docs/typedoc';
const WRITTEN = 'docs/api.md';
const HEAD = `# API

Written by \`npm run docs\` from the comments in [ts/](https://github.com/lumenize/call/tree/main/ts): change
it there. [The guide](guide.md) teaches the same in order.

`;

const DURABLE = `
# @lumenize/call/durable

[Its page](durable.md) says when to use it.

`;

const TESTING = `
# @lumenize/call/testing

[Its page](testing.md) says what it is for.

`;

const isCheck = process.argv.includes('--check');
if (!isCheck) build();
// Its own TypeScript comes with it: it needs the compiler API, which the project's lacks.
installApart(FOLDER);
const typedoc = `${FOLDER}/node_modules/typedoc/bin/typedoc`;
const { status, output } = capture('node', [typedoc, '--options', `${FOLDER}/typedoc.json`]);
if (status !== 0) fail(`docs: typedoc failed:\n${output}`);
const text =
  HEAD + entry('index') + DURABLE + asPart(entry('durable')) + TESTING + asPart(entry('testing'));
if (!isCheck) {
  writeFileSync(WRITTEN, text);
  console.log(`docs: wrote ${WRITTEN}`);
} else if (!existsSync(WRITTEN) || readFileSync(WRITTEN, 'utf8') !== text) {
  fail(`docs: ${WRITTEN} is not what the comments in ts/ say: run npm run docs.`);
}

/** What typedoc has written of one entry of the package. */
function entry(name) {
  return readFileSync(`target/typedoc/${name}.md`, 'utf8');
}

/** The same as a part of one page. */
function asPart(text) {
  return text.replaceAll('](index.md#', '](#');
}
