import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs } from '../deprecations/execution.ts';
import { analyse } from '../deprecations/looking.ts';
import { applyMarks } from '../deprecations/marks.ts';
import { nextOf } from '../deprecations/next.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { TaskOfDeprecation } from '../deprecations/schemas.ts';
import { freshMs, isOver } from '../deprecations/standing.ts';

/** Usage is looked at while there is something to wait for. */
const isStale = ({ analysed, announcedAt, removedAt }: DeprecationRecord, now: number): boolean =>
  announcedAt !== null &&
  removedAt === null &&
  (analysed === null || Date.parse(analysed.at) + freshMs <= now);

/** Looks who still uses it, brings the gateway up to what the record says, and finds what is to be done now. */
export const handler = task({
  name: 'check-progress',
  input: TaskOfDeprecation,
  output: z.strictObject({
    next: z.enum([
      'take-back',
      'begin',
      'remind',
      'announce-brownout',
      'watch-brownout',
      'tell-sunset',
      'extend',
      'ask-consent',
      'remove',
      'finish',
      'rest',
      'nothing',
    ]),
    days: z.int(),
    index: z.int(),
  }),
  async handler(acting, tools) {
    const found = await readDeprecation(acting.deprecationId);
    assertActs(found, acting.execution);
    const now = clock.now();
    const record = isStale(found, now) ? await analyse(acting, found) : found;
    await applyMarks(record, now, tools);
    const next = nextOf(record, now);
    return {
      next: isOver(record) ? ('nothing' as const) : next.do,
      days: 'days' in next ? next.days : 0,
      index: 'index' in next ? next.index : 0,
    };
  },
});
