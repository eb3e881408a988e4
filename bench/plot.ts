export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly intercept: number;
  readonly slope: number;
}

/** The straight line with the least squares of relative distances, so that small values count as much as large ones. */
export function straightLine(points: readonly Point[]): Line {
  const sums = { w: 0, x: 0, y: 0, xx: 0, xy: 0 };
  for (const { x, y } of points) {
    const weight = 1 / y ** 2;
    sums.w += weight;
    sums.x += weight * x;
    sums.y += weight * y;
    sums.xx += weight * x * x;
    sums.xy += weight * x * y;
  }
  const slope = (sums.w * sums.xy - sums.x * sums.y) / (sums.w * sums.xx - sums.x ** 2);
  return { intercept: (sums.y - slope * sums.x) / sums.w, slope };
}

export interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly points: readonly Point[];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 24;
const TOP = 40;
const BOTTOM = 52;

/** Points and their fitted line on linear axes from 0, as an SVG. */
export function svg({ title, xTitle, yTitle, points }: Plot): string {
  const xTop = ceiling(Math.max(...points.map(({ x }) => x)));
  const yTop = ceiling(Math.max(...points.map(({ y }) => y)));
  const left = (x: number) => (LEFT + (x / xTop) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const top = (y: number) => (HEIGHT - BOTTOM - (y / yTop) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const { intercept, slope } = straightLine(points);
  const label = (x: string, y: string, anchor: string, text: string) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
  const steps = [0, 0.25, 0.5, 0.75, 1];
  const middle = (HEIGHT - BOTTOM + TOP) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="15">${title}</text>`,
    ...steps.flatMap((step) => [
      `<path d="M${LEFT} ${top(step * yTop)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      label(String(LEFT - 8), String(Number(top(step * yTop)) + 4), 'end', text(step * yTop)),
      label(left(step * xTop), String(HEIGHT - BOTTOM + 18), 'middle', text(step * xTop)),
    ]),
    `<path d="M${left(0)} ${top(Math.max(0, intercept))}L${left(xTop)} ${top(intercept + slope * xTop)}" stroke="#999" stroke-dasharray="4 4"/>`,
    ...points.map(({ x, y }) => `<circle cx="${left(x)}" cy="${top(y)}" r="4" fill="#1f6feb"/>`),
    label(String((LEFT + WIDTH - RIGHT) / 2), String(HEIGHT - 12), 'middle', xTitle),
    `<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">${yTitle}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** The next round number: 1, 2, 4, 5, 8 or 10 times a power of ten. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 8].find((step) => step * power >= value) ?? 10);
}

function text(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en');
}
