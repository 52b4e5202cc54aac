// Medians, spreads and growth of samples.

/** The median, and half the distance between the quartiles as a part of it. */
export function spread(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.round((sorted.length - 1) * part)];
  return { median: at(0.5), relative: (at(0.75) - at(0.25)) / 2 / at(0.5) };
}

export function median(samples) {
  return spread(samples).median;
}

/** The median of the ratios of samples that were taken one after the other: drift has no part in it. */
export function ratio(over, under) {
  return median(over.map((sample, round) => sample / under[round]));
}

/** The exponent by which y grows with x: the slope of log y over log x, by least squares. */
export function exponent(points) {
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)]);
  const mean = (at) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const over = (at) =>
    logs.reduce((sum, log) => sum + (log[0] - meanX) * (log[at] - [meanX, meanY][at]), 0);
  return over(1) / over(0);
}
