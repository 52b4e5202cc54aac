/** Suggestions for unknown names. */

import leven from 'leven';
import { cut } from './text.js';

/** The message for an unknown name: similar known names, or else all of them. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearTo(name, known);
  if (near) return `unknown ${what} '${name}': did you mean ${near}?`;
  return `unknown ${what} '${cut(name, LONGEST_NAME)}': there is ${known.join(', ') || 'none'}`;
}

/** Comparing names takes the product of their lengths, and a caller may have chosen this name. */
const LONGEST_NAME = 100;

/** The known names near to one, the nearest first: `'a' or 'b'`. */
export function nearTo(name: string, known: readonly string[]): string {
  if (name.length > LONGEST_NAME) return '';
  return known
    .map((other) => ({ other, distance: leven(name.toUpperCase(), other.toUpperCase()) }))
    .filter(({ other, distance }) => distance <= Math.max(2, other.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .map(({ other }) => `'${other}'`)
    .join(' or ');
}
