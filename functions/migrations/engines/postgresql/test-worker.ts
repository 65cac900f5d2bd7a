import { START } from '../../pacing/pace.ts';
import { backfillRange } from './backfill.ts';
import { everything, fence, id, openerOf, splitName } from './test-target.ts';

// A worker in a process of its own, for tests that kill it: `node test-worker.ts <url>`.
const [, , url = ''] = process.argv;
await backfillRange(openerOf(url), splitName(id), everything, null, fence, {
  signal: new AbortController().signal,
  until: Number.POSITIVE_INFINITY,
  pace: { ...START, pauseMs: 5 },
  baselineP99Ms: 5,
  onProgress: async () => true,
});
