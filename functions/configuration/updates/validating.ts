import {
  affectedBy,
  assertCompliant,
  assertFits,
  definitionOf,
  needsApproval,
  type Planned,
  violationsAfter,
} from './planning.ts';
import type { UpdateRecord } from './records.ts';
import { readChanges } from './update-store.ts';

/** What a stored update changes, with what its keys are defined by now. */
async function plannedOf({ id, changes }: UpdateRecord): Promise<Planned[]> {
  const contents = await readChanges(id);
  return Promise.all(
    changes.map(async ({ key }, at) => ({
      key,
      content: contents[at] ?? null,
      definition: await definitionOf(key),
    })),
  );
}

/** Holds a stored update against schemas and rules as they are now. Throws ValueRefused, UpdateRefused. */
export async function validateStored(
  record: UpdateRecord,
): Promise<Pick<UpdateRecord, 'services' | 'warnings' | 'approval'>> {
  const planned = await plannedOf(record);
  for (const one of planned) assertFits(one);
  const warnings = await violationsAfter(planned);
  assertCompliant(warnings);
  const asked = record.services.flatMap(({ service, from }) => (from === 'request' ? [service] : []));
  return {
    services: await affectedBy(planned, asked),
    warnings,
    approval: record.approval === 'none' && needsApproval(false, planned) ? 'waiting' : record.approval,
  };
}
