import type { Second } from '../examples/shop/application.ts';
import { percentile, type Traffic } from './figures.ts';

/** Everything the demo measured; nothing in the report comes from anywhere else. */
export interface Measurements {
  startedAt: number;
  machine: string;
  postgres: string;
  migration: string;
  rows: { customers: number; orders: number; items: number };
  phases: { name: string; from: number; to: number }[];
  events: { at: number; text: string }[];
  oldSeconds: Second[];
  newSeconds: Second[];
  before: Traffic;
  during: Traffic;
  afterPublish: Traffic;
  /** Of all applications that the migration had to keep at work; failures are their messages. */
  requests: number;
  failures: string[];
  backfill: { rows: number; rowsPerSecond: number; chunks: number };
  locks: { longestWaitMs: number; longestHoldMs: number };
  verify: { rows: number; repaired: number };
  checks: { name: string; rows: number; wrongRows: number; wrong: string[] }[];
  contrast: { statement: string; durationMs: number; traffic: Traffic; seconds: Second[]; from: number };
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

const width = 900;
const height = 220;
const left = 46;
const bottom = 22;

/** Latency on a logarithmic axis from 0.5 ms to 10 s. */
const y = (ms: number): number => {
  const share = Math.log10(Math.max(ms, 0.5) / 0.5) / Math.log10(10_000 / 0.5);
  return height - bottom - Math.min(1, share) * (height - bottom - 8);
};

function chart(
  lines: { name: string; colour: string; seconds: readonly Second[] }[],
  phases: { name: string; from: number; to: number }[],
  from: number,
  to: number,
): string {
  const x = (at: number): number => left + ((at - from) / Math.max(1, to - from)) * (width - left - 8);
  const parts: string[] = [];
  phases.forEach((phase, index) => {
    const start = x(Math.max(from, phase.from));
    const wide = Math.max(1, x(Math.min(to, phase.to)) - start);
    parts.push(
      `<rect x="${start.toFixed(1)}" y="0" width="${wide.toFixed(1)}" height="${height - bottom}" class="p${index % 2}"><title>${escapeHtml(phase.name)}</title></rect>`,
    );
    if (wide > 34)
      parts.push(`<text x="${(start + 3).toFixed(1)}" y="24" class="phase">${escapeHtml(phase.name)}</text>`);
  });
  for (const ms of [1, 10, 100, 1000, 10_000]) {
    parts.push(
      `<line x1="${left}" x2="${width - 8}" y1="${y(ms)}" y2="${y(ms)}" class="grid"/><text x="${left - 6}" y="${y(ms) + 4}" class="tick">${ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`}</text>`,
    );
  }
  const every = to - from > 20_000 ? 10 : 2;
  for (let second = 0; from + second * 1000 <= to; second += every) {
    parts.push(`<text x="${x(from + second * 1000)}" y="${height - 6}" class="tick mid">${second} s</text>`);
  }
  for (const line of lines) {
    const points = line.seconds.filter((one) => one.at >= from && one.at <= to && one.latencies.length > 0);
    const path = points.map(
      (one) => `${x(one.at).toFixed(1)},${y(percentile(one.latencies, 0.99)).toFixed(1)}`,
    );
    parts.push(
      `<polyline points="${path.join(' ')}" fill="none" stroke="${line.colour}" stroke-width="1.6"><title>${escapeHtml(line.name)}</title></polyline>`,
    );
    for (const one of points.filter((second) => second.errors.length > 0)) {
      parts.push(
        `<circle cx="${x(one.at)}" cy="${y(10_000)}" r="4" fill="#c0392b"><title>${one.errors.length} failed: ${escapeHtml(one.errors[0] ?? '')}</title></circle>`,
      );
    }
  }
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${parts.join('')}</svg>`;
}

const figure = (value: string, label: string, bad = false): string =>
  `<div class="figure${bad ? ' bad' : ''}"><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></div>`;
const ms = (value: number): string =>
  value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const row = (name: string, traffic: Traffic): string =>
  `<tr><th>${escapeHtml(name)}</th><td>${number(traffic.requests)}</td><td>${traffic.failed}</td><td>${ms(traffic.p50)}</td><td>${ms(traffic.p99)}</td><td>${ms(traffic.longest)}</td></tr>`;

/** One page without any outside reference: opens from disk, can be mailed. */
export function reportPage(m: Measurements): string {
  const first = m.phases[0]?.from ?? m.startedAt;
  const last = m.phases.at(-1)?.to ?? first;
  const wrongRows = m.checks.reduce((sum, check) => sum + check.wrongRows, 0);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Theseus: ${escapeHtml(m.migration)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:${width}px;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.1rem;margin-top:2rem}p.sub{color:#5b6b7b;margin-top:.2rem}
.figures{display:flex;flex-wrap:wrap;gap:.8rem;margin:1rem 0}.figure{border:1px solid #d8e0e8;border-radius:6px;padding:.6rem .9rem;min-width:118px}
.figure b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}.figure span{color:#5b6b7b;font-size:.85rem}.figure.bad b{color:#c0392b}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}td,th{padding:.3rem .6rem;border-bottom:1px solid #e4eaf0;text-align:right}th:first-child{text-align:left;font-weight:500}
svg{width:100%;height:auto}.grid{stroke:#e4eaf0}.tick{font-size:10px;fill:#5b6b7b;text-anchor:end}.mid{text-anchor:middle}.phase{font-size:9px;fill:#44546a}
.p0{fill:#eef5fb}.p1{fill:#f7fafd}.key i{display:inline-block;width:1.4em;height:3px;vertical-align:middle;margin:0 .3em 0 1em}
</style></head><body>
<h1>${escapeHtml(m.migration)}: a live database changed its schema</h1>
<p class="sub">${new Date(m.startedAt).toISOString()} · PostgreSQL ${escapeHtml(m.postgres)} · ${escapeHtml(m.machine)} · ${number(m.rows.customers)} customers, ${number(m.rows.orders)} orders, ${number(m.rows.items)} items</p>
<div class="figures">
${figure(String(m.failures.length), 'failed requests', m.failures.length > 0)}
${figure(number(m.backfill.rows), 'rows filled')}
${figure(number(m.backfill.rowsPerSecond), 'rows a second')}
${figure(number(m.backfill.chunks), 'chunks')}
${figure(ms(m.locks.longestWaitMs), 'longest lock wait')}
${figure(ms(m.locks.longestHoldMs), 'longest lock hold')}
${figure(number(m.verify.rows), 'rows verified')}
${figure(number(m.verify.repaired), 'rows repaired')}
${figure(String(wrongRows), 'wrong rows by the model', wrongRows > 0)}
</div>
<h2>p99 of the applications' requests, each second</h2>
${chart(
  [
    { name: 'old version', colour: '#2471a3', seconds: m.oldSeconds },
    { name: 'new version', colour: '#1e8449', seconds: m.newSeconds },
  ],
  m.phases,
  first,
  last,
)}
<p class="key"><i style="background:#2471a3"></i>old version<i style="background:#1e8449"></i>new version<i style="background:#c0392b"></i>failed requests</p>
<table><tr><th></th><th>requests</th><th>failed</th><th>p50</th><th>p99</th><th>longest</th></tr>
${row('before the migration', m.before)}${row('during the migration', m.during)}${m.afterPublish.requests === 0 ? '' : row('after publish, both versions', m.afterPublish)}${row(`plain ${m.contrast.statement}`, m.contrast.traffic)}
</table>
<h2>For contrast: ${escapeHtml(m.contrast.statement)}</h2>
<p>The same traffic while one plain statement did one of these changes: it held the table for ${ms(m.contrast.durationMs)}, requests waited up to ${ms(m.contrast.traffic.longest)}, and ${m.contrast.traffic.failed} failed.</p>
${chart([{ name: 'old version', colour: '#2471a3', seconds: m.contrast.seconds }], [], m.contrast.from, (m.contrast.seconds.at(-1)?.at ?? m.contrast.from) + 1000)}
<h2>Checked by a model that is not the product's</h2>
<table><tr><th></th><th>rows</th><th>wrong</th></tr>${m.checks
    .map(
      (check) =>
        `<tr><th>${escapeHtml(check.name)}</th><td>${number(check.rows)}</td><td>${check.wrongRows}</td></tr>${check.wrong.map((one) => `<tr><th colspan="3">${escapeHtml(one)}</th></tr>`).join('')}`,
    )
    .join('')}</table>
${m.events.length === 0 ? '' : `<h2>What happened</h2><ul>${m.events.map((one) => `<li>${((one.at - m.startedAt) / 1000).toFixed(1)} s: ${escapeHtml(one.text)}</li>`).join('')}</ul>`}
</body></html>
`;
}
