import { BreakerName } from '#gateway/circuit-breaker/policy.ts';
import { exitCode, Failure } from '../failure.ts';

/** Where a breaker is found. @throws Failure (usage) unless the name is <service>/<version>. */
export function breakerPath(name: string): string {
  if (!BreakerName.safeParse(name).success) {
    throw new Failure(
      `'${name}' names no circuit breaker; expected <service>/<version>, for example orders/1.4.0.`,
      { code: exitCode.usage, action: 'See `theseus gateway breakers` for those there are.' },
    );
  }
  return `/gateway/circuit-breakers/${name.split('/').map(encodeURIComponent).join('/')}`;
}
