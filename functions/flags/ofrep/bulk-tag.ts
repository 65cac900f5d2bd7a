import { createHash } from 'node:crypto';
import type { Publication } from '../records.ts';

// The entity tag of a bulk answer says, besides what is in it, of which flags it is. While a deployment grows, one
// function of the platform has older flags than another: asked by somebody who has the newer ones, it lets them keep them.

/** What an answer was made of. */
export interface Made {
  /** What is answered. */
  body: unknown;
  /** Counts changes of the flags; null where nobody says. */
  order: number | null;
  killSwitches: string;
  context: unknown;
}

const hashOf = (value: unknown, length: number): string =>
  createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
    .slice(0, length);

/** Of which context and kill switches, whatever the flags are. */
const circumstances = ({ killSwitches, context }: Made): string => hashOf([killSwitches, context], 16);

/** The strong entity tag of an answer. */
export const bulkTag = (made: Made): string =>
  `"${hashOf(made.body, 32)}.${made.order ?? ''}.${circumstances(made)}"`;

const form = /^(?:W\/)?"([\w-]{32})\.(\d*)\.([\w-]{16})"$/;

/** More tags than these nobody sends. */
const mostTags = 20;

/** What a client has, by its If-None-Match. */
const tagsIn = (condition: string) =>
  condition
    .split(',', mostTags)
    .map((one) => form.exec(one.trim()))
    .flatMap((found) => (found === null ? [] : [{ body: found[1], order: found[2], same: found[3] }]));

/** Whether a client has what would be answered, by its If-None-Match. */
export const hasSame = (condition: string | undefined, made: Made): boolean =>
  condition !== undefined &&
  (condition.trim() === '*' || tagsIn(condition).some(({ body }) => body === hashOf(made.body, 32)));

/**
 * Whether a client keeps what it has, since it is of newer flags for the same context and the same kill switches, and
 * these are in force or on their way. `read` is asked only where they are newer.
 */
export async function keepsNewer(
  condition: string | undefined,
  made: Made,
  read: () => Promise<Pick<Publication, 'deployed' | 'deploying'>>,
): Promise<boolean> {
  const { order } = made;
  if (condition === undefined || order === null) return false;
  const newer = tagsIn(condition)
    .filter(({ same }) => same === circumstances(made))
    .map((tag) => Number(tag.order))
    .filter((one) => one > order);
  if (newer.length === 0) return false;
  const { deployed, deploying } = await read();
  return newer.some((one) => one === deploying?.revision || one === deployed?.revision);
}
