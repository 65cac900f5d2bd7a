import { colours, count } from '../../cli/output.ts';
import { percentile } from '../figures.ts';
import { type LiveBlock, startLiveBlock } from '../live-block.ts';
import { environment, roundMs } from './shop.ts';
import type { Stage } from './stage.ts';

const width = 20;

/** What the users saw lately, in a line, and what is going on above it. */
export function startScreen({ visits }: Stage, title: () => string): LiveBlock {
  function line(): string {
    if (visits.length === 0) return '  …';
    const newest = visits.at(-1)?.at ?? 0;
    const recent = visits.slice(visits.findLastIndex(({ at }) => at < newest - roundMs) + 1);
    const answered = recent.filter(({ isNew }) => isNew !== null);
    const share = answered.filter(({ isNew }) => isNew).length / Math.max(1, answered.length);
    const failed = recent.filter(({ status }) => status === 0 || status >= 500).length;
    const filled = Math.round(share * width);
    const told = [...new Set(answered.map(({ limitMs }) => limitMs))].join(' and ');
    const latency = percentile(
      recent.map(({ tookMs }) => tookMs),
      0.99,
    );
    return [
      `  ${colours.cyan('█'.repeat(filled))}${colours.dim('░'.repeat(width - filled))} new checkout ${(100 * share).toFixed(0)} %`,
      `payments may take ${told} ms`,
      `${count(visits.length)} requests`,
      failed === 0 ? colours.green('0 fail') : colours.red(`${failed} of ${recent.length} fail`),
      `p99 ${latency.toFixed(0)} ms`,
    ].join('  ');
  }
  return startLiveBlock({
    title: () => `${title()} (${environment})`,
    lines: () => [line()],
    state: () => '',
  });
}
