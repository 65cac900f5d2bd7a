import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { DestinationUnreachable, resolveDestination } from '#platform/outbound/destination.ts';
import type { RouteSettings, RouteTarget } from '../schemas.ts';
import { privateNetworks } from '../serving/addresses.ts';

const dnsMs = 5_000;

/** What no schema says: how the parts of a route fit together. Throws InvalidInput naming every field. */
export function checkTargets({
  targets,
  canaries,
  mirror,
}: Pick<RouteSettings, 'targets' | 'canaries' | 'mirror'>): void {
  const problems: FieldProblem[] = [];
  const versions = targets.map(({ version }) => version);
  const sum = targets.reduce((total, { percent }) => total + percent, 0);
  if (sum !== 100)
    problems.push({ pointer: '/body/targets', detail: `Percent add up to ${sum}, expected 100` });
  for (const [at, version] of versions.entries()) {
    if (versions.indexOf(version) !== at)
      problems.push({ pointer: `/body/targets/${at}/version`, detail: `${version} is there twice` });
  }
  const known = (version: string, pointer: string) => {
    if (versions.includes(version)) return;
    problems.push({ pointer, detail: `${version} is no target; expected one of ${versions.join(', ')}` });
  };
  for (const [at, { version }] of canaries.entries()) known(version, `/body/canaries/${at}/version`);
  if (mirror !== null) known(mirror.version, '/body/mirror/version');
  if (problems.length === 0) return;
  throw new InvalidInput(
    problems.length === 1
      ? `${problems[0]?.pointer}: ${problems[0]?.detail}`
      : 'The route does not fit together',
    { problems, action: 'Correct the fields that `errors` names, then send it again.' },
  );
}

/**
 * Refuses addresses that the platform does not connect to, looked up now; the data plane looks again at every connection.
 * Those in `known` were checked before. Throws DestinationRefused, DestinationUnreachable.
 */
export async function checkUrls(
  targets: readonly RouteTarget[],
  unresolved: 'names may be unknown' | 'every address must be known',
  known: ReadonlySet<string> = new Set(),
): Promise<void> {
  const urls = targets.flatMap(({ target }) => (target.kind === 'http' ? target.urls : []));
  const signal = AbortSignal.timeout(dnsMs);
  await Promise.all(
    [...new Set(urls)]
      .filter((url) => !known.has(url))
      .map(async (url) => {
        try {
          await resolveDestination(url, signal, { privateNetworks: privateNetworks() });
        } catch (error) {
          if (error instanceof DestinationUnreachable && unresolved === 'names may be unknown') return;
          throw error;
        }
      }),
  );
}
