// Finds links of Markdown pages that lead nowhere: to files of this repository, and to headings.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Our own files, written as an address so that they can be followed from npm's page. */
const OURS = /^https:\/\/github\.com\/lumenize\/call\/(?:blob|tree)\/main\//;

/** @returns A line for each link that leads nowhere. */
export function deadLinks(paths) {
  return paths.flatMap((path) =>
    linksOf(readFileSync(path, 'utf8')).flatMap(({ target, line }) => {
      const problem = problemOf(path, target);
      return problem ? [`${path}:${line}: ${problem}`] : [];
    }),
  );
}

function problemOf(path, target) {
  const ours = OURS.test(target);
  if (!ours && /^[a-z]+:/.test(target)) return undefined;
  const [to, anchor] = target.replace(OURS, '').split('#');
  const file = to === '' ? path : normalize(ours ? to : join(dirname(path), to));
  if (!existsSync(file)) return `${target} is not there`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor)
    ? undefined
    : `${file} has no #${anchor}`;
}

/** Links in prose: code has none. */
function linksOf(text) {
  return withoutCode(text)
    .split('\n')
    .flatMap((content, index) =>
      [...content.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)/g)].map(
        ([, inline, reference]) => ({
          target: inline ?? reference,
          line: index + 1,
        }),
      ),
    );
}

/** As GitHub makes them of headings: a second one of the same text gets a number. */
export function anchorsOf(text) {
  const seen = new Map();
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));
  for (const [, heading] of blankFences(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function withoutCode(text) {
  return blankFences(text).replace(/`[^`\n]*`/g, '');
}

/** Lines keep their numbers. */
function blankFences(text) {
  return text.replace(/^\s*```[\s\S]*?^\s*```$/gm, (block) => block.replace(/[^\n]/g, ''));
}
