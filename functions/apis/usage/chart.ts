import { escapeHtml } from '../documents/writing/html.ts';
import type { Adoption } from './adoption.ts';

const width = 720;
const height = 260;
const plot = { left: 56, top: 40, right: 12, bottom: 28 };
/** So many versions have a colour; what is older than these is one. */
const mostSeries = 7;
/** Told apart by those who see colours differently, too (Okabe and Ito); the last is for the rest. */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442'];
const rest = { name: 'older', colour: '#999999' };

interface Series {
  name: string;
  colour: string;
  values: number[];
}

/** Requests of each day by version, the newest versions by themselves and the others as one. */
function seriesOf({ versions, days }: Adoption): Series[] {
  const used = versions.filter(({ requests }) => requests > 0).map(({ version }) => version);
  const shown = used.slice(-mostSeries).reverse();
  const valuesOf = (wanted: (version: string) => boolean) =>
    days.map(({ versions: all }) =>
      all.reduce((sum, { version, requests }) => sum + (wanted(version) ? requests : 0), 0),
    );
  const own = shown.map(
    (name, at): Series => ({
      name,
      colour: colours[at] ?? rest.colour,
      values: valuesOf((version) => version === name),
    }),
  );
  return used.length <= mostSeries
    ? own
    : [...own, { ...rest, values: valuesOf((version) => !shown.includes(version)) }];
}

/** The lowest round number that is not below the highest of all. */
function ceiling(highest: number): number {
  if (highest <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((step) => step * power >= highest) ?? 10) * power;
}

const number = (value: number): string => String(Math.round(value * 100) / 100);
const compact = (value: number): string =>
  value >= 1e6 ? `${number(value / 1e6)} M` : value >= 1e3 ? `${number(value / 1e3)} k` : number(value);
const text = (x: number, y: number, anchor: string, content: string): string =>
  `<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;

function legend(series: readonly Series[]): string {
  const step = (width - plot.left - plot.right) / Math.max(1, series.length);
  return series
    .map(({ name, colour }, at) => {
      const x = plot.left + at * step;
      const shown = name.length > 12 ? `${name.slice(0, 11)}…` : name;
      return `<rect x="${number(x)}" y="20" width="10" height="10" fill="${colour}"/>${text(x + 14, 29, 'start', shown)}`;
    })
    .join('\n');
}

/** Bars of each day, one version upon the other. */
function bars(series: readonly Series[], days: readonly string[], highest: number): string {
  const inner = { width: width - plot.left - plot.right, height: height - plot.top - plot.bottom };
  const step = inner.width / Math.max(1, days.length);
  const drawn: string[] = [];
  for (const [at, day] of days.entries()) {
    let y = plot.top + inner.height;
    for (const { name, colour, values } of series) {
      const value = values[at] ?? 0;
      if (value <= 0) continue;
      const tall = (value / highest) * inner.height;
      y -= tall;
      drawn.push(
        `<rect x="${number(plot.left + at * step)}" y="${number(y)}" width="${number(Math.max(0.5, step * 0.85))}" height="${number(tall)}" fill="${colour}"><title>${escapeHtml(`${day}: ${name}, ${compact(value)} requests`)}</title></rect>`,
      );
    }
  }
  return drawn.join('\n');
}

/** What the chart shows, in words, for whoever does not see it. */
function described({ versions, from, to }: Adoption): string {
  const used = versions.filter(({ requests }) => requests > 0);
  if (used.length === 0) return `Nobody called between ${from} and ${to}.`;
  const shares = used
    .toReversed()
    .slice(0, mostSeries)
    .map(
      ({ version, share, requests }) =>
        `${version}: ${Math.round(share * 100)} % (${compact(requests)} requests)`,
    );
  return `Requests a day by version, from ${from} to ${to}. ${shares.join('; ')}.`;
}

/** The adoption of an API's versions as a picture: bars of each day, with a title, a description and a legend. */
export function chartOf(adoption: Adoption): string {
  const series = seriesOf(adoption);
  const days = adoption.days.map(({ day }) => day);
  const highest = ceiling(
    Math.max(0, ...days.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0))),
  );
  const bottom = height - plot.bottom;
  const line = (y: number): string =>
    `<line x1="${plot.left}" x2="${width - plot.right}" y1="${number(y)}" y2="${number(y)}" stroke="#8888"/>`;
  const levels = [0, 0.5, 1].map((part) => {
    const y = bottom - part * (bottom - plot.top);
    return `${line(y)}${text(plot.left - 6, y + 4, 'end', compact(part * highest))}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="12" fill="#555">
<title id="title">${escapeHtml(`${adoption.api}: requests by version`)}</title>
<desc id="description">${escapeHtml(described(adoption))}</desc>
<rect width="${width}" height="${height}" fill="#fff"/>
${text(plot.left, 14, 'start', `${adoption.api}: requests a day by version`)}
${legend(series)}
${levels.join('\n')}
${bars(series, days, highest)}
${text(plot.left, height - 8, 'start', adoption.from)}
${text(width - plot.right, height - 8, 'end', adoption.to)}
</svg>
`;
}
