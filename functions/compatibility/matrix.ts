import type { Change, Verdict } from './changes.ts';
import { type ConsumerContract, forConsumer } from './consumers.ts';
import { compareContracts } from './contracts/compare.ts';
import type { Shape } from './contracts/shape.ts';
import { satisfying } from './ranges.ts';

/** One registered version of a service. */
export interface Registered {
  service: string;
  version: string;
  contract: Shape;
}

/** One version of the dependency that lies in the range, and whether the dependant really goes on with it. */
export interface Candidate {
  version: string;
  compatible: boolean;
  /** What breaks the dependant. */
  breaking: Change[];
}

/** What one version of a service demands of another, and which registered versions of that are enough. */
export interface Row {
  dependant: string;
  version: string;
  dependency: string;
  range: string;
  /** The version that the others are compared with: what the consumer contract says, else the lowest in the range. */
  builtAgainst?: string;
  /** The versions in the range, the lowest first. None: the demand cannot be met. */
  candidates: Candidate[];
}

/**
 * For each version of each service and each of its dependencies: which registered versions lie in its range, and with
 * which it goes on, judged by the contracts and by what it uses where a consumer contract says so.
 */
export function compatibilityMatrix(
  registered: readonly Registered[],
  consumers: readonly ConsumerContract[] = [],
): Row[] {
  const versions = new Map<string, Map<string, Shape>>();
  for (const { service, version, contract } of registered) {
    versions.set(service, (versions.get(service) ?? new Map()).set(version, contract));
  }
  const verdicts = new Map<string, Verdict>();
  const verdict = (dependency: string, from: string, to: string): Verdict | undefined => {
    const [old, next] = [versions.get(dependency)?.get(from), versions.get(dependency)?.get(to)];
    if (!old || !next) return undefined;
    const key = JSON.stringify([dependency, from, to]);
    const known = verdicts.get(key) ?? compareContracts(old, next);
    verdicts.set(key, known);
    return known;
  };
  return registered.flatMap(({ service, version, contract }) =>
    Object.entries(contract.dependencies ?? {}).map(([dependency, range]): Row => {
      const inRange = satisfying([...(versions.get(dependency)?.keys() ?? [])], range);
      const consumer = usageOf(consumers, service, version, dependency);
      const said = consumer?.builtAgainst;
      const base = said !== undefined && versions.get(dependency)?.has(said) ? said : inRange[0];
      const candidates = inRange.map((candidate): Candidate => {
        const whole = base === undefined ? undefined : verdict(dependency, base, candidate);
        const own = whole && consumer ? forConsumer(whole, consumer) : whole;
        const breaking = own?.changes.filter((change) => change.level === 'breaking') ?? [];
        return { version: candidate, compatible: breaking.length === 0, breaking };
      });
      const row = { dependant: service, version, dependency, range, candidates };
      return base === undefined ? row : { ...row, builtAgainst: base };
    }),
  );
}

/** The consumer contract of this very version, else the one of all versions. */
function usageOf(
  consumers: readonly ConsumerContract[],
  consumer: string,
  version: string,
  service: string,
): ConsumerContract | undefined {
  const own = consumers.filter((one) => one.consumer === consumer && one.service === service);
  return own.find((one) => one.version === version) ?? own.find((one) => one.version === undefined);
}
