// Reads examples: the code blocks of Markdown pages and of doc comments, each with its place, its
// language and what a hidden comment above it says of it.
import { fromMarkdown } from 'mdast-util-from-markdown';
import { visit } from 'unist-util-visit';

/** What a comment above a block may say: `<!-- example: skip, why -->` or `<!-- example: in Stock -->`. */
const DIRECTIVE = /^<!-- example: (?:skip, (\S.*)|in (\w+)) -->$/;

/**
 * @typedef Block
 * @property {string} path - The file that it stands in.
 * @property {number} line - The line of its first line of code, counted from 1.
 * @property {string} language - As after the fence.
 * @property {string[]} code - Its lines.
 * @property {string | undefined} skipped - Why nothing is done with it.
 * @property {string | undefined} inside - The class on whose object it runs.
 */

/**
 * The blocks of a Markdown page, in order.
 *
 * @returns {Block[]}
 */
export function blocksOf(path, text) {
  const blocks = [];
  let comment;
  const nothingFollows = () => fail(path, comment, `no example follows '${comment.value}'`);
  visit(fromMarkdown(text), (node) => {
    if (node.type === 'code') {
      blocks.push(blockOf(path, text, node, comment));
      comment = undefined;
    } else if (comment) nothingFollows();
    else if (node.type === 'html' && node.value.startsWith('<!-- example')) comment = node;
  });
  if (comment) nothingFollows();
  return blocks;
}

function blockOf(path, text, code, comment) {
  const { start, end } = code.position;
  const isClosed = text.slice(start.offset, end.offset).endsWith('```');
  if (!isClosed) fail(path, code, 'the example has no end');
  const directive = comment ? DIRECTIVE.exec(comment.value) : [];
  if (!directive) fail(path, comment, `what does '${comment.value}' say?`);
  const [, skipped, inside] = directive;
  const lines = code.value.split('\n');
  return { path, line: start.line + 1, language: code.lang ?? '', code: lines, skipped, inside };
}

function fail(path, { position }, what) {
  throw new Error(`${path}:${position.start.line}: ${what}`);
}

/** The blocks of the doc comments of a TypeScript file: each `@example` has one. */
export function blocksOfComments(path, text) {
  let inside = false;
  const lines = text.split('\n').map((line) => {
    inside ||= /^\s*\/\*\*/.test(line);
    const comment = inside ? line.replace(/^\s*\/?\*+(?:\/|\s|$)/, '') : '';
    if (line.includes('*/')) inside = false;
    return comment;
  });
  const blocks = blocksOf(path, lines.join('\n'));
  const examples = lines.filter((line) => line.startsWith('@example')).length;
  if (examples !== blocks.length) {
    throw new Error(`${path}: ${examples} @example, but ${blocks.length} blocks of code`);
  }
  return blocks;
}
