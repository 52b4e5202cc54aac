// Line charts as SVG files. They have a background of their own: a README is light here and dark there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { axisX, axisY, gridY, line, plot, ruleY, text } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<html></html>');
const INK = '#1f2328';
const PAPER = '#ffffff';
/** Told apart by people who see colours differently, too (Okabe and Ito's), and by their dashes. */
const STROKES = [
  { color: '#57606a', dash: '6 4' },
  { color: '#0072b2' },
  { color: '#b35900', dash: '2 3' },
  { color: '#00805a' },
  { color: '#c03a8a', dash: '8 3 2 3' },
];
/** Pixels between two labels at the right. */
const LINE = 17;

/**
 * Writes a chart with both axes logarithmic.
 *
 * @param chart.lines - Each with a `title`, which stands at its right end, `points` of x and y, and
 *   where it is not its place, a `style` by number: a thing looks the same in all charts.
 * @param chart.level - Where a horizontal line is, with what it means.
 */
export function writeChart(file, { title, x, y, lines, level, width = 720, height = 420 }) {
  const points = lines.flatMap((each) => each.points);
  const domain = domainOf(points);
  const labels = labelsOf(lines, height, domain);
  const right = Math.max(...lines.map((each) => each.title.length)) * 8.6 + 24;
  const svg = plot({
    document,
    width,
    height,
    marginTop: 64,
    marginLeft: 62,
    marginBottom: 50,
    marginRight: right,
    style: { fontSize: '13px', color: INK, background: PAPER, fontFamily: 'system-ui, sans-serif' },
    x: { type: 'log' },
    y: { type: 'log', domain },
    marks: [
      // `text` and not `tickFormat`: with a logarithmic scale that leaves out labels of its own choice.
      gridY(roundOf(domain), { strokeOpacity: 0.12 }),
      axisX(ticksOf(points, 'x'), { label: null, text: short }),
      axisY(roundOf(domain), { label: null, text: short }),
      ...(level
        ? [
            ruleY([level.at], { stroke: INK, strokeOpacity: 0.6 }),
            text([level], {
              ...{ y: 'at', text: 'title', frameAnchor: 'left', dx: 6, dy: 11 },
              ...{ textAnchor: 'start', fill: INK },
            }),
          ]
        : []),
      ...lines.map((each, at) => {
        const { color, dash } = STROKES[each.style ?? at];
        const stroke = { stroke: color, strokeWidth: 2.2, ...(dash && { strokeDasharray: dash }) };
        return line(each.points, { x: 'x', y: 'y', ...stroke, marker: 'dot' });
      }),
      ...labels.map(({ style, shift, ...label }) =>
        text([label], {
          ...{ x: 'x', y: 'y', text: 'title', textAnchor: 'start', dx: 10, dy: shift },
          ...{ fill: STROKES[style].color, fontWeight: 600 },
        }),
      ),
      text([title], { frameAnchor: 'top-left', dx: -50, dy: -54, fontSize: 16, fontWeight: 600 }),
      text([`↑ ${y}`], { frameAnchor: 'top-left', dx: -50, dy: -30, fill: INK }),
      text([`${x} →`], { frameAnchor: 'bottom-right', dy: 40, fill: INK }),
    ],
  });
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width, height, rx: 6, fill: PAPER })) {
    paper.setAttribute(name, value);
  }
  const name = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  name.textContent = `${title}: ${y} against ${x}`;
  // Plot's own styles are for pages.
  svg.querySelector('style').replaceWith(name, paper);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', name.textContent);
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${svg.outerHTML}\n`);
}

/** Where each line ends, moved apart where two would lie on each other. */
function labelsOf(lines, height, domain) {
  const [low, high] = domain.map(Math.log);
  const pixels = (height - 64 - 50) / (high - low);
  const labels = lines
    .map(({ title, points: own, style }, at) => ({ ...own.at(-1), title, style: style ?? at }))
    .toSorted((a, b) => b.y - a.y);
  const ends = labels.map(({ y }) => (high - Math.log(y)) * pixels);
  const places = [...ends];
  // A few passes push neighbours apart, half each.
  for (let pass = 0; pass < 50; pass++) {
    for (let at = 1; at < places.length; at++) {
      const missing = LINE - (places[at] - places[at - 1]);
      if (missing <= 0) continue;
      places[at] += missing / 2;
      places[at - 1] -= missing / 2;
    }
  }
  return labels.map((label, at) => ({ ...label, shift: places[at] - ends[at] }));
}

/** A little more than the values, and at least a factor of ten: noise should look like noise. */
function domainOf(points) {
  const values = points.map(({ y }) => y);
  let [low, high] = [Math.min(...values) / 1.2, Math.max(...values) * 1.2];
  const missing = Math.sqrt(10 / (high / low));
  if (missing > 1) [low, high] = [low / missing, high * missing];
  return [low, high];
}

/** Round numbers: 1, 2 and 5 times the powers of ten, or over many of those the powers alone. */
function roundOf([low, high]) {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from(
    { length: Math.log10(high) - first + 1 },
    (_, at) => 10 ** (first + at),
  );
  const factors = powers.length > 4 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => factors.map((factor) => factor * power))
    .filter((value) => value >= low && value <= high);
}

/** The values themselves where they are few, else powers of ten. */
function ticksOf(points, axis) {
  const values = [...new Set(points.map((point) => point[axis]))].toSorted((a, b) => a - b);
  const powers = values.filter((value) => Number.isInteger(Math.log10(value)));
  return values.length <= 6 || powers.length < 3 ? values : powers;
}

function short(value) {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  if (value >= 10_000) return `${value / 1_000}k`;
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
