import { z } from 'zod';
import { InvalidInput } from './errors.ts';

/** The query of every list: at most `limit` items (1 to 100) from `cursor` on. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('Items in one page'),
  cursor: z.string().max(2_048).optional().describe('`nextCursor` of the page before'),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** The answer of a list: `nextCursor` is absent on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().optional() });
}

/** A place in a list as an opaque text for URLs, for example DynamoDB's LastEvaluatedKey. */
export function encodeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The body of a list's answer: `next` is the place from which the following page begins, undefined on the last one. */
export function pageBody<T>(items: T[], next: unknown): { items: T[]; nextCursor?: string } {
  return next === undefined ? { items } : { items, nextCursor: encodeCursor(next) };
}

/** Reads a cursor made by encodeCursor. Throws InvalidInput when it was not, or its parts are not `schema`. */
export function decodeCursor<T extends z.ZodType>(schema: T, cursor: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new InvalidInput('The cursor is not one this list returned', {
      problems: [{ pointer: '/query/cursor', detail: 'Not a cursor of this list' }],
      action: 'Start again without a cursor.',
      cause,
    });
  }
}
