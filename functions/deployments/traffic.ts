import { isDeepStrictEqual } from 'node:util';
import { TargetUnavailable } from './errors.ts';
import type { DeploymentRecord } from './records.ts';
import { madeOf } from './targets/registry.ts';
import type { Split } from './targets/schemas.ts';

/**
 * Splits traffic as the record says, and reads back that it is so. Throws TargetUnavailable when it is not so yet, and what
 * the target throws.
 */
export async function applySplit(record: DeploymentRecord, split: Split, done: boolean): Promise<void> {
  const { actions, subject, made } = madeOf(record);
  await actions.shift(subject, made, { ...split, order: record.order, done });
  const found = await actions.split(subject, made);
  // What was let go may be shifted by others at once.
  if (done || (found.percent === split.percent && sameCanaries(found, split))) return;
  throw new TargetUnavailable(`${found.percent} % go to the new version, expected ${split.percent} %`, {
    evidence: { expected: split, found },
  });
}

/** In whatever order a target keeps them, and however it writes the names of headers. */
const sameCanaries = (one: Split, other: Split): boolean =>
  isDeepStrictEqual(one.canaries.map(words).sort(), other.canaries.map(words).sort());
const words = (canary: Split['canaries'][number]): string =>
  'header' in canary
    ? `${canary.header.name.toLowerCase()}: ${canary.header.value}`
    : [...canary.tenants].sort().join();
