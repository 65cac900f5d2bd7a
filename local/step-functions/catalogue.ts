import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { openJournal, readJournal } from './journal.ts';

const status = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);
export type ExecutionStatus = z.infer<typeof status>;

const entrySchema = z.object({
  arn: z.string(),
  name: z.string(),
  machine: z.string(),
  /** Set when the execution was started with a version's ARN. */
  version: z.number().optional(),
  /** Hash of the definition the execution runs to its end on. */
  hash: z.string(),
  status,
  startedAt: z.number(),
  stoppedAt: z.number().optional(),
  redriveCount: z.number(),
  redrivenAt: z.number().optional(),
  inputHash: z.string(),
  /** The task that started it, so that a repeated attempt finds its own execution again. */
  startedBy: z.string().optional(),
  /** Set for the child executions of a distributed Map. */
  mapRun: z.object({ arn: z.string(), state: z.string(), index: z.number() }).optional(),
});
export type ExecutionEntry = z.infer<typeof entrySchema>;

const mapRunSchema = z.object({
  arn: z.string(),
  executionArn: z.string(),
  state: z.string(),
  status: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED']),
  startedAt: z.number(),
  stoppedAt: z.number().optional(),
  redriveCount: z.number(),
  maxConcurrency: z.number(),
  toleratedFailureCount: z.number().optional(),
  toleratedFailurePercentage: z.number().optional(),
  /** Items in all, and the sizes of their batches when there are any. */
  itemCount: z.number(),
  childCount: z.number(),
});
export type MapRunEntry = z.infer<typeof mapRunSchema>;

const lineSchema = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('version'),
    machine: z.string(),
    version: z.number(),
    hash: z.string(),
    at: z.number(),
  }),
  z.object({ t: z.literal('execution'), entry: entrySchema }),
  z.object({ t: z.literal('mapRun'), entry: mapRunSchema }),
  z.object({ t: z.literal('published'), arn: z.string(), mark: z.string() }),
]);
type CatalogueLine = z.infer<typeof lineSchema>;

export interface MachineVersion {
  version: number;
  hash: string;
  publishedAt: number;
}

/** Which executions, versions and map runs exist: what has to be known without reading every journal. */
export interface Catalogue {
  readonly executions: ReadonlyMap<string, ExecutionEntry>;
  readonly mapRuns: ReadonlyMap<string, MapRunEntry>;
  /** Versions of a machine, oldest first. */
  versions(machine: string): readonly MachineVersion[];
  executionByKey(key: string): ExecutionEntry | undefined;
  /** Children of a map run, by index. */
  childrenOf(mapRunArn: string): ReadonlyMap<number, ExecutionEntry>;
  putExecution(entry: ExecutionEntry): void;
  putMapRun(entry: MapRunEntry): void;
  /** Whether this is what the newest version of the machine says. */
  isNewest(machine: string, definition: object): boolean;
  /** Publishes a definition: a new version only when it differs from the newest. */
  publish(machine: string, definition: object, at: number): MachineVersion;
  /** A stored definition's JSON. @throws Error when the store has lost it. */
  definition(hash: string): unknown;
  isPublished(arn: string, mark: string): boolean;
  markPublished(arn: string, mark: string): void;
  durable(): Promise<void>;
  close(): void;
}

/** A short name for an ARN that every file system accepts. */
export function keyOf(arn: string): string {
  return sha256(arn).slice(0, 32);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Opens or creates the catalogue of a directory. @throws Error when a line of it is damaged. */
export function openCatalogue(directory: string, toDisk: boolean): Catalogue {
  mkdirSync(join(directory, 'definitions'), { recursive: true, mode: 0o700 });
  const file = join(directory, 'catalogue.jsonl');
  const executions = new Map<string, ExecutionEntry>();
  const byKey = new Map<string, ExecutionEntry>();
  const mapRuns = new Map<string, MapRunEntry>();
  const children = new Map<string, Map<number, ExecutionEntry>>();
  const versions = new Map<string, MachineVersion[]>();
  const published = new Set<string>();

  const apply = (line: CatalogueLine): void => {
    if (line.t === 'execution') {
      executions.set(line.entry.arn, line.entry);
      byKey.set(keyOf(line.entry.arn), line.entry);
      if (line.entry.mapRun) {
        const siblings = children.get(line.entry.mapRun.arn) ?? new Map<number, ExecutionEntry>();
        children.set(line.entry.mapRun.arn, siblings.set(line.entry.mapRun.index, line.entry));
      }
    } else if (line.t === 'mapRun') {
      mapRuns.set(line.entry.arn, line.entry);
    } else if (line.t === 'version') {
      const { machine, version, hash, at } = line;
      versions.set(machine, [...(versions.get(machine) ?? []), { version, hash, publishedAt: at }]);
    } else {
      published.add(`${line.arn} ${line.mark}`);
    }
  };

  const isNew = !existsSync(file);
  if (!isNew) for (const line of readJournal(file, true)) apply(lineSchema.parse(line));
  const journal = openJournal(file, isNew ? 'w' : 'a', toDisk);
  const write = (line: CatalogueLine): void => {
    journal.append([line]);
    apply(line);
  };
  const hashOf = (text: string) => sha256(text).slice(0, 32);
  const definitionFile = (hash: string) => join(directory, 'definitions', `${hash}.json`);

  return {
    executions,
    mapRuns,
    versions: (machine) => versions.get(machine) ?? [],
    executionByKey: (key) => byKey.get(key),
    childrenOf: (arn) => children.get(arn) ?? new Map(),
    putExecution: (entry) => write({ t: 'execution', entry }),
    putMapRun: (entry) => write({ t: 'mapRun', entry }),
    isNewest: (machine, definition) =>
      versions.get(machine)?.at(-1)?.hash === hashOf(JSON.stringify(definition)),
    publish(machine, definition, at) {
      const text = JSON.stringify(definition);
      const hash = hashOf(text);
      const newest = versions.get(machine)?.at(-1);
      if (newest?.hash === hash) return newest;
      writeAtomically(definitionFile(hash), text, toDisk);
      const version = (newest?.version ?? 0) + 1;
      write({ t: 'version', machine, version, hash, at });
      return { version, hash, publishedAt: at };
    },
    definition: (hash) => JSON.parse(readFileSync(definitionFile(hash), 'utf8')),
    isPublished: (arn, mark) => published.has(`${arn} ${mark}`),
    markPublished: (arn, mark) => write({ t: 'published', arn, mark }),
    durable: () => journal.durable(),
    close: () => journal.close(),
  };
}

/** Writes a file so that a reader sees all of it or nothing; `toDisk`: also after a power cut. */
export function writeAtomically(file: string, text: string, toDisk: boolean): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600, flush: toDisk });
  renameSync(draft, file);
}
