import { fingerprint } from '#compatibility/json-schema/fingerprint.ts';
import { listsOf, type Step } from '../chain.ts';
import type { List } from '../operations/compile.ts';
import { programsFor } from '../programs/programs.ts';
import type { VersionChange } from '../schemas.ts';
import type { EndpointSurface, PartSchema, Surface } from '../surface/surface.ts';
import { firstFailure, type RoundTripFailure, type Trial } from './trial.ts';

export interface RoundTripOptions {
  /** Documents for each endpoint and list. */
  runs?: number;
  /** The same seed makes the same documents. */
  seed: number;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Milliseconds for all endpoints together. */
  limit?: number;
}

export interface RoundTripReport {
  failures: RoundTripFailure[];
  checked: { endpoint: string; list: List; documents: number }[];
  /** What could not be checked, or not as far as was asked for, and why. */
  open: { endpoint: string; list: List; reason: string }[];
}

const LIMIT = 3_000;
const RUNS = 100;

/**
 * Runs changes, the oldest first, on documents generated from the schemas of the versions at both ends: what was valid is
 * valid after them, and comes back as it was except for what is declared to be lost. Ends after `limit` milliseconds.
 * @throws InvalidInput when a program does not compile.
 */
export async function checkRoundTrip(
  changes: readonly VersionChange[],
  versions: { older: Surface; newer: Surface },
  { runs = RUNS, seed, now, limit = LIMIT }: RoundTripOptions,
): Promise<RoundTripReport> {
  const programs = await programsFor(changes, now);
  const end = now() + limit;
  const report: RoundTripReport = { failures: [], checked: [], open: [] };
  try {
    const compiled = changes.map((change) => ({ change, lists: listsOf(change, programs) }));
    const trials = [...versions.older].flatMap(([endpoint, older]) => {
      const newer = versions.newer.get(endpoint);
      const own = compiled.filter(
        ({ change: { endpoints } }) => endpoints === 'all' || endpoints.includes(endpoint),
      );
      const steps = (list: List) => own.flatMap(({ lists }) => lists[list]);
      return newer ? trialsOf(endpoint, older, newer, steps) : [];
    });
    for (const [at, trial] of trials.entries()) {
      const { endpoint, list } = trial;
      // What does not go up right has nothing to come back.
      if (trial.echo && report.failures.some((one) => one.endpoint === endpoint && one.list === list))
        continue;
      const left = end - now();
      if (left <= 0) {
        report.open.push({ endpoint, list, reason: `the ${limit} ms for all endpoints were over` });
        continue;
      }
      const { failure, documents, reason } = firstFailure(trial, {
        runs,
        seed,
        time: left / (trials.length - at),
      });
      if (failure) report.failures.push(failure);
      if (documents > 0) report.checked.push({ endpoint, list, documents });
      if (reason !== undefined) report.open.push({ endpoint, list, reason });
    }
    return report;
  } finally {
    programs.dispose();
  }
}

/** What is to be tried at one endpoint: nothing where no change has anything to do. */
function trialsOf(
  endpoint: string,
  older: EndpointSurface,
  newer: EndpointSurface,
  stepsFor: (list: List) => Step[],
): Trial[] {
  const trials: Trial[] = [];
  const request = stepsFor('request');
  const response = stepsFor('response');
  if (request.length > 0) {
    const sent: Trial = {
      endpoint,
      list: 'request',
      steps: request,
      way: 'up',
      from: older.request,
      to: newer.request,
    };
    trials.push(sent);
    // What a consumer sent and is given back: a change of what goes up needs its counterpart in what comes down.
    if (same(older.request.body, older.response.body) && same(newer.request.body, newer.response.body))
      trials.push({ ...sent, echo: response });
  }
  for (const list of ['response', 'errors'] as const) {
    const steps = stepsFor(list);
    if (steps.length === 0) continue;
    trials.push({ endpoint, list, steps, way: 'down', from: newer[list], to: older[list] });
    if (steps.every(({ compiled }) => compiled.up !== undefined))
      trials.push({ endpoint, list, steps, way: 'up', from: older[list], to: {} });
  }
  return trials;
}

const same = (one: PartSchema | undefined, other: PartSchema | undefined) =>
  one !== undefined &&
  other !== undefined &&
  fingerprint(one.side.root.schema, one.side.root) === fingerprint(other.side.root.schema, other.side.root);
