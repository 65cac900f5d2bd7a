import { createRequire } from 'node:module';

type Callback<T> = (error: Error | null, value?: T) => void;

interface Table {
  TableStatus: string;
}

/** A look at LevelDB as it was when it began, until it is closed. */
interface Cursor {
  close(): Promise<void>;
}

interface Store {
  db: {
    open(): Promise<void>;
    get(key: string, callback: Callback<unknown>): void;
    getSync(key: string): unknown;
    keys(range?: object): Cursor;
    values(range?: object): Cursor;
  };
  getTable(name: string, checkStatus: boolean | Callback<Table>, callback?: Callback<Table>): void;
  lifecycleManager: { gracefulClose(callback: (error?: Error | null) => void): void };
}

/** One operation of dynalite: what its fields may be, and what it does. */
interface Operation {
  types: unknown;
  custom: unknown;
  act(store: Store, data: unknown, callback: Callback<object>): void;
}

/** What a request comes to, as DynamoDB's JSON protocol says it. */
export interface Answer {
  status: number;
  body: string;
}

/** What dynalite would drop without a word; said instead, since code that relies on it would only fail in the cloud. */
const NOT_EMULATED = ['ReturnValuesOnConditionCheckFailure', 'StreamSpecification', 'ReplicaUpdates'];

const ON_ITEMS = [
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
];
const ON_TABLES = ['CreateTable', 'DeleteTable', 'DescribeTable', 'ListTables', 'UpdateTable'];

// Folders of JavaScript without types, which only `require` finds: their form is dynalite's own.
const require = createRequire(import.meta.url);
const database: {
  /** Times are milliseconds; `path` is the LevelDB folder. */
  create(options: {
    path: string;
    createTableMs: number;
    deleteTableMs: number;
    updateTableMs: number;
  }): Store;
} = require('dynalite/db');
const validations: {
  checkTypes(data: unknown, types: unknown): Record<string, unknown>;
  checkValidations(data: unknown, types: unknown, custom: unknown, store: Store): void;
} = require('dynalite/validations');
const operations = new Map<string, Operation>();
for (const name of [...ON_ITEMS, ...ON_TABLES]) {
  const file = name.charAt(0).toLowerCase() + name.slice(1);
  const rules: Pick<Operation, 'types' | 'custom'> = require(`dynalite/validations/${file}`);
  operations.set(name, { ...rules, act: require(`dynalite/actions/${file}`) });
}

/**
 * dynalite's operations over one LevelDB folder, without the HTTP server it puts before them: that one throws in its
 * event handlers when a client hangs up, and costs more than the operation.
 */
export async function openEmulator(path: string) {
  const store = database.create({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  // Reading one value takes LevelDB microseconds: a thread to do it on costs ten times that.
  const { db } = store;
  await db.open();
  db.get = (key, callback) => {
    let value: unknown;
    let failure: Error | null = null;
    try {
      value = db.getSync(key);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    queueMicrotask(() => callback(failure, value));
  };

  // dynalite ends a look by `return`, which LevelDB's have not: each would keep all that is overwritten since on the disk.
  const { keys, values } = db;
  db.keys = (range) => endedByReturn(keys.call(db, range));
  db.values = (range) => endedByReturn(values.call(db, range));

  const tables = new Map<string, Table>();
  /** What items are read and written through: every operation asks for its table's definition first. */
  const items: Store = {
    ...store,
    getTable(name, checkStatus, callback) {
      const done = callback ?? (typeof checkStatus === 'function' ? checkStatus : () => {});
      const known = tables.get(name);
      if (known !== undefined) return done(null, known);
      store.getTable(name, checkStatus === true, (error, table) => {
        if (!error && table?.TableStatus === 'ACTIVE') tables.set(name, table);
        done(error, table);
      });
    },
  };

  /** Answers one request. Never rejects for what the request says; only when the store itself fails. */
  async function request(target: string, body: string): Promise<Answer> {
    const name = target.split('.').at(-1) ?? '';
    const operation = operations.get(name);
    if (operation === undefined) return refusal('com.amazon.coral.service#UnknownOperationException');
    const missing = NOT_EMULATED.find((field) => body.includes(`"${field}"`));
    if (missing !== undefined) return invalid(`${missing} is not emulated by the local DynamoDB.`);
    try {
      const { types, custom, act } = operation;
      const data = validations.checkTypes(JSON.parse(body), types);
      validations.checkValidations(data, types, custom, store);
      const onItems = ON_ITEMS.includes(name);
      if (!onItems) tables.clear();
      const answer = await new Promise<object>((resolve, reject) => {
        act(onItems ? items : store, data, (error, value) => (error ? reject(error) : resolve(value ?? {})));
      });
      if (!onItems) tables.clear();
      return { status: 200, body: JSON.stringify(answer) };
    } catch (error) {
      if (error instanceof SyntaxError) return refusal('com.amazon.coral.service#SerializationException');
      // An error that dynalite means as an answer carries it.
      const said = error as { statusCode?: unknown; body?: unknown };
      if (typeof said.statusCode !== 'number') throw error;
      return { status: said.statusCode, body: JSON.stringify(said.body) };
    }
  }

  return {
    request,
    /** Ends when everything that was begun is written. */
    close: () =>
      new Promise<void>((resolve, reject) => {
        store.lifecycleManager.gracefulClose((error) => (error ? reject(error) : resolve()));
      }),
  };
}

export type Emulator = Awaited<ReturnType<typeof openEmulator>>;

const endedByReturn = (cursor: Cursor): Cursor => Object.assign(cursor, { return: () => cursor.close() });

const refusal = (type: string, message?: string): Answer => ({
  status: 400,
  body: JSON.stringify({ __type: type, ...(message === undefined ? {} : { message }) }),
});

/** The answer to what is never right. */
export const invalid = (message: string): Answer =>
  refusal('com.amazon.coral.validate#ValidationException', message);
