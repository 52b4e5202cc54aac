// Finds places in TypeScript that say again what the core defines once: codes, limits and tags. The compiler
// sees none of them: a second 25_000 is a number like any other, a second list of codes fits the first.
import { readdirSync, readFileSync } from 'node:fs';

/** Smaller numbers stand for too many other things to be told apart. */
const SMALLEST = 128;

/**
 * @param declarations - The TypeScript declarations that the core generates.
 * @param folder - The TypeScript sources.
 * @returns A line for each place: `ts/options.ts:12: 30_000 is DefaultOption.TimeoutMs`.
 */
export function restatements(declarations, folder) {
  const generated = readFileSync(declarations, 'utf8');
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = withoutComments(readFileSync(`${folder}/${name}`, 'utf8'));
      const lineOf = (index) => text.slice(0, index).split('\n').length;
      const found = [
        ...numbers(text, generated),
        ...names(text, generated),
        ...codes(text, generated),
      ];
      return found.map(({ index, message }) => `${folder}/${name}:${lineOf(index)}: ${message}`);
    });
}

/** Numbers that an enum of the core has a name for. A count in a regular expression is none. */
function* numbers(text, generated) {
  const { values } = enumMembers(generated);
  for (const { 0: number, index } of text.matchAll(/(?<![\w.${])\d[\d_]*(?![\w.])/g)) {
    const member = values.get(Number(number.replaceAll('_', '')));
    if (member) yield { index, message: `${number} is ${member}` };
  }
}

/** Declarations under a name that the core declares. */
function* names(text, generated) {
  const declared = new Set([...enumMembers(generated).names, 'CallErrorCode']);
  for (const { 1: anEnum, 2: aType, index } of text.matchAll(/\benum (\w+)|\btype (\w+)\s*=/g)) {
    const name = anEnum ?? aType;
    if (declared.has(name)) yield { index, message: `${name} is declared again` };
  }
}

/** Lists of codes. One code alone is a use, which the compiler checks. */
function* codes(text, generated) {
  const union = /CallErrorCode =([^;]+);/.exec(generated)[1];
  const known = new Set([...union.matchAll(/\| '([a-z-]+)'/g)].map((match) => match[1]));
  for (const { 1: one, 2: next, index } of text.matchAll(/'([a-z-]+)'\s*[|,]\s*'([a-z-]+)'/g)) {
    if (known.has(one) && known.has(next)) {
      yield { index, message: 'codes are listed again: use CallErrorCode' };
    }
  }
}

function enumMembers(generated) {
  const names = new Set();
  const values = new Map();
  for (const [, name, body] of generated.matchAll(/const enum (\w+) \{([^}]*)\}/g)) {
    names.add(name);
    for (const [, member, value] of body.matchAll(/^\s*(\w+) = (\d+),/gm)) {
      if (Number(value) >= SMALLEST) values.set(Number(value), `${name}.${member}`);
    }
  }
  return { names, values };
}

/** Comments become blanks of the same length, so that line numbers stay right. */
function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ' '));
}
