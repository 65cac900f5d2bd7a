import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { eventSortKey, publishOutbox } from '#platform/event-log.ts';
import { absent } from '#platform/records.ts';
import { type RecordChange, recordChanger, WorkflowEvent } from '#platform/workflow-record.ts';
import { readItem, writeItem } from '../store.ts';
import { useKeys, useWork, workId, workParts } from './keys.ts';

/** The runs of a flag's experiment; the last one is on as long as the flag is an experiment. */
export const ExperimentRecord = z.object({
  schemaVersion: z.literal(1),
  /** Environment and flag, see workId. */
  id: z.string(),
  environment: z.string(),
  flag: z.string(),
  revision: z.int(),
  /** Counts from 1. Users are known by run: a new one begins without any. */
  run: z.int(),
  startedAt: z.string(),
  /** The variant that others are compared with; null: the usual one. */
  control: z.string().nullable(),
  why: z.string(),
  /** The users of this run are not split as they should be: when that was clear, and by how much. */
  mismatch: z.object({ at: z.string(), evidence: z.number() }).nullable(),
  /** There are users whom no look at the split has seen yet. */
  dueSince: z.string().nullable(),
  /** A look that began then is not over. */
  lookingSince: z.string().nullable(),
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ExperimentRecord = z.infer<typeof ExperimentRecord>;

const idOf = (environment: string, flag: string): string => workId(environment, flag);

export const findExperiment = (environment: string, flag: string): Promise<ExperimentRecord | undefined> =>
  readItem(ExperimentRecord, useKeys.experiment(environment, flag));

async function readById(id: string): Promise<ExperimentRecord> {
  const [environment = '', flag = ''] = workParts(id);
  const found = await findExperiment(environment, flag);
  if (found !== undefined) return found;
  throw new NotFound(`The flag ${flag} has no experiment in ${environment}`, {
    evidence: { environment, flag },
    action: 'It begins with the first users who see the flag while its kind is experiment.',
  });
}

function write(record: ExperimentRecord, condition = absent): Promise<boolean> {
  const due = record.dueSince !== null || record.lookingSince !== null || record.outbox.length > 0;
  return writeItem(
    useKeys.experiment(record.environment, record.flag),
    {
      ...record,
      ...(due ? { gsi1pk: useWork.experiments, gsi1sk: `${record.updatedAt}#${record.id}` } : {}),
    },
    condition,
  );
}

// Pure: a bundle that only reads leaves it out.
const change = /* @__PURE__ */ recordChanger<ExperimentRecord>({ noun: 'Experiment', read: readById, write });

/** Reads, decides, writes on the condition that nobody wrote between. Throws NotFound, RecordContended. */
export const changeExperiment = (
  environment: string,
  flag: string,
  decide: (record: ExperimentRecord) => RecordChange<ExperimentRecord> | undefined,
): Promise<ExperimentRecord> => change(idOf(environment, flag), decide);

/** The experiment of a flag; its first run begins now if there was none. */
export async function ensureExperiment(environment: string, flag: string): Promise<ExperimentRecord> {
  const found = await findExperiment(environment, flag);
  if (found !== undefined) return found;
  const at = clock.iso();
  const made: ExperimentRecord = {
    schemaVersion: 1,
    id: idOf(environment, flag),
    environment,
    flag,
    revision: 1,
    run: 1,
    startedAt: at,
    control: null,
    why: '',
    mismatch: null,
    dueSince: null,
    lookingSince: null,
    outbox: [],
    nextSequence: 0,
    createdAt: at,
    updatedAt: at,
  };
  return (await write(made)) ? made : readById(made.id);
}

/** Sends the events that wait, and keeps them. */
export const publishExperimentEvents = (record: ExperimentRecord): Promise<number> =>
  publishOutbox(record, {
    source: 'theseus.flags',
    about: { environment: record.environment, flag: record.flag },
    keep: (event) =>
      writeItem(
        useKeys.experimentEvents(record.environment, record.flag, eventSortKey(event.sequence)),
        event,
      ),
    letGo: (publishedThrough) =>
      changeExperiment(record.environment, record.flag, () => ({ set: {}, publishedThrough })),
  });
