import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { planAnew } from '../deprecations/decisions.ts';
import { type Change, readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs, changeActing } from '../deprecations/execution.ts';
import { applyMarks } from '../deprecations/marks.ts';
import { noticeOf } from '../deprecations/notices/notice.ts';
import { tellConsumers } from '../deprecations/notices/tell.ts';
import { errorsOf, type Harm, harmOf } from '../deprecations/progress.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';
import { readApiUsage } from '../deprecations/usage.ts';
import { readApi } from '../registry/apis.ts';

/** Looks whom a brownout hurts, and ends it at once when it is too much; when its time is over it was held. */
export const handler = task({
  name: 'watch-brownout',
  input: TaskOfDeprecation.extend({ index: z.int() }),
  output: Done,
  async handler({ index, ...acting }, tools) {
    const found = await readDeprecation(acting.deprecationId);
    assertActs(found, acting.execution);
    const brownout = found.brownouts[index];
    if (brownout === undefined || (brownout.state !== 'announced' && brownout.state !== 'begun'))
      return { phase: found.phase };
    const now = clock.now();
    const seen = await readApiUsage(await readApi(found.api), 1, now);
    const begins = brownout.state === 'announced';
    const errorsBefore = begins ? errorsOf(found, seen.usage) : brownout.errorsBefore;
    const harm = harmOf(found, brownout.id, { ...seen, errorsBefore });
    const over = brownout.to !== null && Date.parse(brownout.to) <= now;
    if (harm !== undefined && !over) {
      const why = harmInWords(harm);
      await tellConsumers(found, noticeOf(found, now, 'brownout_stopped', { index, why }));
    }
    const record = await changeActing(acting, (current) => {
      const now = current.brownouts[index];
      if (now?.state !== 'announced' && now?.state !== 'begun') return undefined;
      if (harm !== undefined && !over) return stopped(current, index, harm);
      if (over) return held(current, index);
      return begins ? begun(current, index, errorsBefore) : undefined;
    });
    await applyMarks(record, now, tools);
    if (harm !== undefined && record.status === 'paused') tools.metrics.count('NeedsAttention');
    return { phase: record.phase };
  },
});

const harmInWords = ({ consumer, why, requests }: Harm): string =>
  why === 'refused'
    ? `${requests} requests of ${consumer} were refused`
    : `${consumer}, which is exempt, had ${requests} errors`;

const withBrownout = (
  { brownouts }: DeprecationRecord,
  index: number,
  set: Partial<DeprecationRecord['brownouts'][number]>,
) => brownouts.map((one, at) => (at === index ? { ...one, ...set } : one));

const begun = (
  record: DeprecationRecord,
  index: number,
  errorsBefore: DeprecationRecord['brownouts'][number]['errorsBefore'],
): Change => ({
  set: { brownouts: withBrownout(record, index, { state: 'begun', errorsBefore }), phase: 'brownout' },
  events: [{ type: 'deprecation.brownout_begun', actor: 'theseus', data: { index } }],
});

const held = (record: DeprecationRecord, index: number): Change => ({
  set: { brownouts: withBrownout(record, index, { state: 'held' }), phase: 'warning' },
  events: [{ type: 'deprecation.brownout_held', actor: 'theseus', data: { index } }],
});

/** A person decides how it goes on: by an exemption, an extension, or simply on. Until then no other one begins. */
const stopped = (record: DeprecationRecord, index: number, harm: Harm): Change => ({
  set: {
    brownouts: planAnew(withBrownout(record, index, { state: 'interrupted', to: clock.iso(), harmed: harm })),
    phase: 'warning',
    status: 'paused',
    paused: { by: 'theseus', at: clock.iso(), reason: harmInWords(harm) },
  },
  events: [
    {
      type: 'deprecation.brownout_stopped',
      actor: 'theseus',
      data: { index, consumer: harm.consumer, why: harm.why, requests: harm.requests },
    },
  ],
});
