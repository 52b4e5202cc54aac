// Writes the files that README and the guide of the installed package show.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const PACKAGE = new URL('.', import.meta.resolve('@lumenize/call/package.json'));

/** The blocks of code of a page, in their order. */
function blocksOf(page) {
  const text = readFileSync(new URL(page, PACKAGE), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language,
    code,
  }));
}

function write(file, { code }) {
  writeFileSync(file, code);
  console.log(`follow: ${file}`);
}

const readme = blocksOf('README.md');
const guide = blocksOf('docs/guide.md');
const named = (blocks, file) => blocks.find(({ code }) => code.startsWith(`// ${file}\n`));
mkdirSync('src', { recursive: true });
write(
  'src/index.ts',
  readme.find(({ language }) => language === 'ts'),
);
write('wrangler.jsonc', named(readme, 'wrangler.jsonc'));
write('tsconfig.json', named(guide, 'tsconfig.json'));
write('vitest.config.ts', named(guide, 'vitest.config.ts'));
