import { z } from 'zod';

const FoundTable = z.object({
  name: z.string(),
  oid: z.int(),
  /** As pg_class has it: r, p (partitioned), f (foreign). */
  kind: z.string(),
  partition: z.boolean(),
  /** The table it is a partition of, at last; its own name if of none. */
  root: z.string(),
  /** Not unlogged. */
  persistent: z.boolean(),
  /** As pg_class has it: d (primary key), i (an index), f (whole row), n (nothing). */
  identity: z.string(),
  owned: z.boolean(),
  estimatedRows: z.int(),
  bytes: z.int(),
  /** What tells its rows apart: the primary key, or the index that is the replica identity. */
  key: z.array(z.object({ column: z.string(), type: z.string(), text: z.boolean() })).nullable(),
  /** Tables its foreign keys point to. */
  references: z.array(z.string()),
  /** Without generated ones, which each side computes. */
  columns: z.array(z.string()),
});
export type FoundTable = z.infer<typeof FoundTable>;

/** What one of the two databases is, has room for and lets us do. */
export const SideFacts = z.object({
  version: z.int(),
  database: z.string(),
  /** The same for databases of one server, and not for those of its copy. */
  server: z.string(),
  role: z.string(),
  superuser: z.boolean(),
  mayReplicate: z.boolean(),
  maySubscribe: z.boolean(),
  mayCreate: z.boolean(),
  walLevel: z.string(),
  slotsFree: z.int(),
  sendersFree: z.int(),
  workersFree: z.int(),
  slotKeepBytes: z.int().nullable(),
  encoding: z.string(),
  collation: z.string(),
  extensions: z.array(z.string()),
  available: z.array(z.string()),
  largeObjects: z.boolean(),
  /** Tables, views and sequences of the schema. */
  relations: z.int(),
  /** Roles with rights on tables of the schema. */
  grantees: z.array(z.string()),
  owners: z.array(z.string()),
  roles: z.array(z.string()),
  tables: z.array(FoundTable),
});
export type SideFacts = z.infer<typeof SideFacts>;
