import { InvalidToken } from '@aws-sdk/client-sfn';

/** AWS's page sizes. */
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;

/**
 * One page of a list, with the token of the next one. `maxResults` 0 or undefined means 100.
 * @param newestFirst new items appear at the front: the next page goes on after what was shown all the same.
 * @throws InvalidToken for a token that was not given out.
 */
export function paginate<T>(
  items: readonly T[],
  maxResults: number | undefined,
  token: string | undefined,
  newestFirst = false,
): { items: T[]; next: { nextToken?: string } } {
  const before = token === undefined ? undefined : parseToken(token);
  const added = before && newestFirst ? Math.max(items.length - before.total, 0) : 0;
  const from = (before?.offset ?? 0) + added;
  const to = from + Math.min(maxResults || DEFAULT_PAGE, LARGEST_PAGE);
  const nextToken = Buffer.from(`${to} of ${items.length}`).toString('base64url');
  return { items: items.slice(from, to), next: to < items.length ? { nextToken } : {} };
}

function parseToken(token: string): { offset: number; total: number } {
  const [, offset, total] = /^(\d{1,9}) of (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (offset === undefined) throw new InvalidToken({ $metadata: {}, message: `Invalid Token: '${token}'` });
  return { offset: Number(offset), total: Number(total) };
}
