import type { Choice } from '#compatibility/api-version.ts';
import type { Asked } from './choice.ts';

/**
 * Where the successor of a version answers the same request: relative, for what stands before the gateway may add to the
 * path. Undefined when the version is not part of the address.
 */
export function successorAddress(
  choice: Choice,
  successor: string,
  sent: Asked,
  rest: string,
): string | undefined {
  const query = (text: string) => (text === '' ? '' : `?${text}`);
  if (choice.by === 'query') {
    const kept = sent.query.split('&').filter((pair) => pair !== '' && pair.split('=', 1)[0] !== choice.name);
    return safe(query([...kept, `${choice.name}=${successor}`].join('&')));
  }
  if (choice.by !== 'path' || sent.path === rest) return undefined;
  const up = '../'.repeat(Math.max(0, sent.path.split('/').length - 2));
  const prefix = choice.template.slice(1).replace('{version}', successor);
  return safe(`${up}${prefix}${rest === '/' && !sent.path.endsWith('/') ? '' : rest}${query(sent.query)}`);
}

/** A path may have what ends an address in angle brackets. */
const safe = (address: string): string => address.replaceAll(/[<>"\s]/g, (one) => encodeURIComponent(one));
