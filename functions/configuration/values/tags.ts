import { createHash } from 'node:crypto';
import type { Resolved } from '../resolution/resolve.ts';
import { resolvedView } from './views.ts';

// What a reader is told, in a word: whoever says the same word was told the same.

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 27);

/** Names what holds for a reader: the same keys with the same values, versions and layers have the same tag. */
export const tagOf = (resolved: readonly Resolved[]): string =>
  hashOf(resolved.map((one) => resolvedView(one, false)));

/** An ETag: the tag of what holds, and after a dot one of what is said besides. */
export const etagOf = (resolved: readonly Resolved[], besides?: unknown): string =>
  `"${tagOf(resolved)}${besides === undefined ? '' : `.${hashOf(besides)}`}"`;

/** The tag of what holds, out of an ETag as a reader was given it, or sends it on. */
export const tagIn = (etag: string): string => /^(?:W\/)?"?([^".]*)/.exec(etag)?.[1] ?? '';

/** Whether the caller has this tag: the header If-None-Match names it, as it is or as a weak one. */
export const hasTag = (ifNoneMatch: string | undefined, tag: string): boolean =>
  (ifNoneMatch ?? '').split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
