/** Suggestions for unknown names. */

import leven from 'leven';
import { cut } from './text.js';

/** The message for an unknown name: similar known names, or else what there is. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = didYouMean(name, known);
  if (near) return `unknown ${what} '${name}'${near}`;
  const more = known.length - MOST_LISTED;
  const rest = more > 0 ? ` and ${more} more` : '';
  const there = known.slice(0, MOST_LISTED).join(', ') || 'none';
  return `unknown ${what} '${cut(name, LONGEST_NAME)}': there is ${there}${rest}`;
}

/** Comparing names takes the product of their lengths, and a caller may have chosen this name. */
const LONGEST_NAME = 100;

/** Names that a sentence shows: those near to one, and those of which none is. */
const MOST_NEAR = 3;
const MOST_LISTED = 10;

/** Ends a sentence with known names that are really near to one, the nearest first; empty where none is. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (name.length > LONGEST_NAME) return '';
  const near = known
    .map((other) => ({ other, distance: distanceOf(name.toUpperCase(), other.toUpperCase()) }))
    .filter(({ distance }) => distance < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_NEAR)
    .map(({ other }) => `'${other}'`);
  const last = near.pop();
  if (last === undefined) return '';
  return `: did you mean ${[near.join(', '), last].filter(Boolean).join(' or ')}?`;
}

/** A beginning that says which name was meant. */
const SHORTEST_BEGINNING = 3;

/**
 * How far apart two names are: letters to change, if these are one, or a third of the shorter name at most; or
 * if two letters have changed places, or one name begins with the other; infinite for all others.
 */
function distanceOf(name: string, other: string): number {
  const shorter = Math.min(name.length, other.length);
  const longer = Math.max(name.length, other.length);
  if (shorter >= SHORTEST_BEGINNING && (other.startsWith(name) || name.startsWith(other))) {
    return longer - shorter;
  }
  const most = shorter > 1 ? Math.max(1, shorter / 3) : 0;
  // So many letters are missing at least: names that differ much in length need not be compared.
  if (longer - shorter > most) return Number.POSITIVE_INFINITY;
  const distance = leven(name, other);
  const isNear = distance <= most || (distance === 2 && sorted(name) === sorted(other));
  return isNear ? distance : Number.POSITIVE_INFINITY;
}

function sorted(name: string): string {
  return [...name].sort().join('');
}
