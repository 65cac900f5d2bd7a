import { InvalidToken } from '@aws-sdk/client-sfn';

/** AWS's page sizes. */
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;

/**
 * One page of a list, with the token of the next one. `maxResults` 0 or undefined means 100.
 * @throws InvalidToken for a token that was not given out.
 */
export function paginate<T>(
  items: readonly T[],
  maxResults: number | undefined,
  token: string | undefined,
): { items: T[]; next: { nextToken?: string } } {
  const from = token === undefined ? 0 : offsetOf(token);
  const to = from + Math.min(maxResults || DEFAULT_PAGE, LARGEST_PAGE);
  return { items: items.slice(from, to), next: to < items.length ? { nextToken: tokenOf(to) } : {} };
}

function tokenOf(offset: number): string {
  return Buffer.from(`from ${offset}`).toString('base64url');
}

function offsetOf(token: string): number {
  const offset = /^from (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (offset === undefined) throw new InvalidToken({ $metadata: {}, message: `Invalid Token: '${token}'` });
  return Number(offset);
}
