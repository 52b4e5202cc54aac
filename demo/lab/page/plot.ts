/** What all charts of the page have in common: how they look, and one name for all of each. */
import * as Plot from '@observablehq/plot';

/** CSS pixels. */
const HEIGHT = 184;
export const LINE_WIDTH = 2.5;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * A chart over milliseconds.
 *
 * @param name - All that is heard of it.
 */
export function plotOver(
  width: number,
  domain: readonly [number, number],
  y: Plot.ScaleOptions,
  marks: Plot.Markish[],
  name: string,
): Element {
  const chart = Plot.plot({
    width,
    height: HEIGHT,
    marginLeft: 48,
    marginRight: 24,
    marginBottom: 38,
    style: { background: 'transparent', fontSize: '13px', fontFamily: 'inherit' },
    x: { label: 'milliseconds', domain, ticks: width / 90, grid: true },
    y,
    marks,
  });
  // One image with one name; the parts of it, which Plot names too, are not heard.
  for (const part of chart.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', name);
  return chart;
}

/** A piece of a line, for a legend. */
export function sampleOf(colour: string, dashes: string): SVGSVGElement {
  const sample = document.createElementNS(SVG, 'svg');
  const line = document.createElementNS(SVG, 'path');
  sample.setAttribute('class', 'sample');
  line.setAttribute('d', 'M0 6H28');
  line.setAttribute('stroke', colour);
  line.setAttribute('stroke-width', String(LINE_WIDTH));
  line.setAttribute('stroke-dasharray', dashes);
  sample.append(line);
  return sample;
}
