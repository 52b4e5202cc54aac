// Finds places in TypeScript that say again what the core defines once: codes, limits and tags.
import { readdirSync, readFileSync } from 'node:fs';

/** Smaller numbers stand for too many other things to be told apart. */
const SMALLEST = 64;

/**
 * @param declarations - The TypeScript declarations that the core generates.
 * @param folder - The TypeScript sources.
 * @returns A line for each place: `ts/call.ts:12: 30_000 is DefaultOption.TimeoutMs`.
 */
export function restatements(declarations, folder) {
  const generated = readFileSync(declarations, 'utf8');
  const enums = enumMembers(generated);
  const codes = new Set(
    [.../CallErrorCode =([^;]+);/.exec(generated)[1].matchAll(/\| '([a-z-]+)'/g)].map((match) => match[1]),
  );
  const found = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const text = withoutComments(readFileSync(`${folder}/${file}`, 'utf8'));
    const report = (index, message) => {
      const line = text.slice(0, index).split('\n').length;
      found.push(`${folder}/${file}:${line}: ${message}`);
    };
    for (const match of text.matchAll(/(?<![\w.${])\d[\d_]*(?![\w.])/g)) {
      const member = enums.values.get(Number(match[0].replaceAll('_', '')));
      if (member) report(match.index, `${match[0]} is ${member}`);
    }
    for (const match of text.matchAll(/\benum (\w+)|\btype (\w+)\s*=/g)) {
      const name = match[1] ?? match[2];
      if (enums.names.has(name) || name === 'CallErrorCode') report(match.index, `${name} is declared again`);
    }
    for (const match of text.matchAll(/'([a-z-]+)'\s*[|,]\s*'([a-z-]+)'/g)) {
      if (codes.has(match[1]) && codes.has(match[2])) report(match.index, 'codes are listed again: use CallErrorCode');
    }
  }
  return found;
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
