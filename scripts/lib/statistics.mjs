// Medians, spreads and growth of samples.
import { interquartileRange, linearRegression, median } from 'simple-statistics';

export { median };

/** The median, and half the distance between the quartiles as a part of it. */
export function spread(samples) {
  const middle = median(samples);
  return { median: middle, relative: interquartileRange(samples) / 2 / middle };
}

/** The median of the ratios of samples that were taken one after the other: drift has no part in it. */
export function ratio(over, under) {
  return median(over.map((sample, round) => sample / under[round]));
}

/** The exponent by which y grows with x: the slope of log y over log x, by least squares. */
export function exponent(points) {
  return linearRegression(points.map(({ x, y }) => [Math.log(x), Math.log(y)])).m;
}
