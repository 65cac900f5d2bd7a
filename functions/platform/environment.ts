import { z } from 'zod';
import { EnvironmentIncomplete } from './errors.ts';

/**
 * A variable the function cannot work without, read when it is needed so that a handler may be imported
 * anywhere. Throws EnvironmentIncomplete when it is missing or empty.
 */
export function environmentVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new EnvironmentIncomplete(`The environment variable ${name} is not set`, {
      evidence: { variable: name },
      action: `Set ${name} on this function; every deployment of Theseus does so itself.`,
    });
  }
  return value;
}

export const environmentName = z.enum(['local', 'dev', 'staging', 'production']);
export type EnvironmentName = z.infer<typeof environmentName>;

/** Which environment this is (THESEUS_ENVIRONMENT). Throws EnvironmentIncomplete when it is none of ours. */
export function currentEnvironment(): EnvironmentName {
  const found = environmentVariable('THESEUS_ENVIRONMENT');
  const parsed = environmentName.safeParse(found);
  if (!parsed.success) {
    throw new EnvironmentIncomplete(
      `THESEUS_ENVIRONMENT is '${found}', expected one of ${environmentName.options.join(', ')}`,
      { evidence: { variable: 'THESEUS_ENVIRONMENT', found } },
    );
  }
  return parsed.data;
}
