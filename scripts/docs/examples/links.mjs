// Finds links of Markdown pages that lead nowhere: to files of this repository, and to headings.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import GithubSlugger from 'github-slugger';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as textOf } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';

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

/** Links, images and what references lead to. */
function linksOf(text) {
  const links = [];
  visit(fromMarkdown(text), ['link', 'image', 'definition'], ({ url, position }) => {
    links.push({ target: url, line: position.start.line });
  });
  return links;
}

/** As GitHub makes them of headings, and those that are written as HTML. */
export function anchorsOf(text) {
  const slugger = new GithubSlugger();
  const anchors = new Set();
  visit(fromMarkdown(text), ['heading', 'html'], (node) => {
    if (node.type === 'heading') anchors.add(slugger.slug(textOf(node, { includeHtml: false })));
    const [, id] = /^<a id="([^"]+)">/.exec(node.value) ?? [];
    if (id) anchors.add(id);
  });
  return anchors;
}
