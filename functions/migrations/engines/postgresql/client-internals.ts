import type pg from 'pg';

/** What node-postgres has and its types leave out; each may be missing in another version. */
interface Untyped {
  processID?: unknown;
  readyForQuery?: unknown;
  ref?(): void;
  unref?(): void;
  connection?: { stream?: { destroy(): void }; parsedStatements?: object };
}

// The one place that looks behind the types.
const untyped = (client: pg.Client) => client as unknown as Untyped;

/** As the server told it at the start-up. */
export const startUpProcessId = (client: pg.Client): unknown => untyped(client).processID;

/** Ends the connection at once, whatever is under way. */
export const destroySocket = (client: pg.Client): void => untyped(client).connection?.stream?.destroy();

/** Whether the connection keeps the process alive. */
export function keepsProcess(client: pg.Client, keeps: boolean): void {
  if (keeps) untyped(client).ref?.();
  else untyped(client).unref?.();
}

/** Whether no statement is under way and no transaction open; false where that cannot be known. */
export const isQuiet = (client: pg.Client): boolean =>
  untyped(client).readyForQuery === true && client.getTransactionStatus() === 'I';

/** Lets the client forget which names it has prepared; false where it cannot. */
export function forgetPrepared(client: pg.Client): boolean {
  const { connection } = untyped(client);
  if (typeof connection?.parsedStatements !== 'object') return false;
  connection.parsedStatements = {};
  return true;
}
