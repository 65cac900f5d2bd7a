import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { JsonObject } from '../authoring/json.ts';
import { Publication, unpublished } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { killSwitchDocument } from './document.ts';

const Kill = z.object({ why: z.string(), by: z.string(), at: z.string() });

/** What is switched off in an environment, and the document that says so: one item, read by whoever evaluates here. */
export const KillSwitchRecord = z.object({
  schemaVersion: z.literal(1),
  /** The environment. */
  id: z.string(),
  /** Counts writes. */
  revision: z.int(),
  kills: z.record(z.string(), Kill),
  /** The revision of the flags that the document was made of. */
  basis: z.int(),
  /** A document of flagd: its flags win over those of the environment. */
  document: JsonObject,
  publication: Publication,
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
  updatedAt: z.string(),
});
export type KillSwitchRecord = z.infer<typeof KillSwitchRecord>;

const nobody = (environment: string): KillSwitchRecord => ({
  schemaVersion: 1,
  id: environment,
  revision: 0,
  kills: {},
  basis: 0,
  document: killSwitchDocument([], {}, {}),
  publication: unpublished,
  outbox: [],
  nextSequence: 0,
  updatedAt: clock.iso(),
});

/** What is switched off in an environment; nothing where nothing ever was. */
export const readKillSwitches = async (environment: string): Promise<KillSwitchRecord> =>
  (await readItem(KillSwitchRecord, keys.killSwitches(environment))) ?? nobody(environment);
