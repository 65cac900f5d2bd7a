import type { ConfigurationKey } from '../schemas.ts';

/**
 * What a secret is bound to, as the encryption context of its data key: whose value it is. A ciphertext that is moved to
 * another value cannot be opened there. `purpose` lets the rights of functions say that they use the key for this alone.
 */
export function contextOf({
  namespace,
  key,
  service,
  environment,
  tenant,
}: ConfigurationKey): Record<string, string> {
  return {
    purpose: 'theseus-configuration',
    namespace,
    key,
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
    ...(tenant === undefined ? {} : { tenant }),
  };
}

/** Whether a header holds this context and nothing else. */
export function isContext(
  expected: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(expected);
  return (
    names.length === Object.keys(found).length &&
    names.every((name) => Object.hasOwn(found, name) && found[name] === expected[name])
  );
}
