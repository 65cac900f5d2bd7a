import { applicationName, type Session } from '../connection.ts';
import { borrowSession } from '../sessions.ts';

/** One of the two databases. */
export interface Side {
  url: string;
  session: Session;
  /** For what must commit, or look, while the other session is in a transaction. */
  aside: Session;
}

export interface Sides {
  blue: Side;
  green: Side;
}

/** Names of one migration's publication, slot and subscription; the same name for all three. */
export const streamNames = (migration: string) => ({
  toGreen: `theseus_${migration.toLowerCase()}_green`,
  toBlue: `theseus_${migration.toLowerCase()}_blue`,
});

/** Rows that flow one way: published by `from`, subscribed to by `to`. */
export interface Stream {
  migration: string;
  name: string;
  from: Side;
  to: Side;
}

export function streamsOf(migration: string, { blue, green }: Sides): { toGreen: Stream; toBlue: Stream } {
  const names = streamNames(migration);
  return {
    toGreen: { migration, name: names.toGreen, from: blue, to: green },
    toBlue: { migration, name: names.toBlue, from: green, to: blue },
  };
}

/** One statement may wait for what runs, or read a whole catalogue, ms. */
const statementTimeoutMs = 300_000;

/** Sessions to one database for the length of `work`. Throws DatabaseUnreachable, DatabaseRefused, DatabasePooled. */
export async function withSide<T>(
  url: string,
  purpose: string[],
  work: (side: Side) => Promise<T>,
): Promise<T> {
  const options = { applicationName: applicationName(...purpose), statementTimeoutMs };
  const session = await borrowSession(url, options);
  try {
    const aside = await borrowSession(url, options);
    try {
      return await work({ url, session, aside });
    } finally {
      await aside.close();
    }
  } finally {
    await session.close();
  }
}

/** Sessions to both for the length of `work`. Throws DatabaseUnreachable, DatabaseRefused, DatabasePooled. */
export const withSides = <T>(
  urls: { blue: string; green: string },
  purpose: string[],
  work: (sides: Sides) => Promise<T>,
): Promise<T> =>
  withSide(urls.blue, purpose, (blue) => withSide(urls.green, purpose, (green) => work({ blue, green })));
