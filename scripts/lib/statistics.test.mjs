// Tests of scripts/lib/statistics.mjs, by which the figures of the benchmarks are computed.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { exponent, median, ratio, spread } from './statistics.mjs';

const close = (measured, expected) => ok(Math.abs(measured - expected) < 1e-9, `${measured}`);

test('the median does not see what is far off', () => {
  equal(median([3, 1, 1_000, 2, 2]), 2);
});

test('the spread is half the distance between the quartiles, as a part of the median', () => {
  deepEqual(spread([1, 2, 3, 4, 5]), { median: 3, relative: 1 / 3 });
});

test('a ratio is taken within each round', () => {
  equal(ratio([2, 20, 200], [1, 10, 100]), 2);
});

test('exponents of a constant, of n, of n², of n log n', () => {
  const exponentOf = (cost) => exponent([10, 100, 1_000].map((x) => ({ x, y: cost(x) })));
  for (const [expected, cost] of [() => 7, (n) => 3 * n, (n) => n ** 2].entries()) {
    close(exponentOf(cost), expected);
  }
  const logarithmic = exponentOf((n) => n * Math.log(n));
  ok(logarithmic > 1.1 && logarithmic < 1.4, `${logarithmic}`);
});
