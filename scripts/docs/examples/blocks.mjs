// Reads examples: the code blocks of Markdown pages and of doc comments, each with its place, its
// language and what a hidden comment above it says of it.

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
  let directive;
  let block;
  let fence;
  text.split('\n').forEach((line, index) => {
    if (block) {
      if (line.trimEnd() === fence) block = undefined;
      else block.code.push(line.slice(fence.length - 3));
      return;
    }
    const opening = /^(\s*```)(\S*)/.exec(line);
    if (opening) {
      fence = opening[1];
      const [, skipped, inside] = directive ?? [];
      block = { path, line: index + 2, language: opening[2], code: [], skipped, inside };
      blocks.push(block);
      directive = undefined;
    } else if (line.startsWith('<!-- example')) {
      directive = DIRECTIVE.exec(line);
      if (!directive) throw new Error(`${path}:${index + 1}: what does '${line}' say?`);
    } else if (line.trim() !== '' && directive) {
      throw new Error(`${path}:${index + 1}: no example follows '${directive[0]}'`);
    }
  });
  if (block) throw new Error(`${path}:${block.line}: the example has no end`);
  return blocks;
}

/** The blocks of the doc comments of a TypeScript file: each `@example` has one. */
export function blocksOfComments(path, text) {
  const isComment = [];
  let inside = false;
  const lines = text.split('\n').map((line, index) => {
    inside ||= /^\s*\/\*\*/.test(line);
    isComment[index] = inside;
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
