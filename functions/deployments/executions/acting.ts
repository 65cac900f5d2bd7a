import type { z } from 'zod';
import { type Change, changeDeployment, readDeployment } from '../deployment-store.ts';
import { DeploymentAborted } from '../errors.ts';
import type { DeploymentRecord } from '../records.ts';
import type { TaskOfDeployment } from '../schemas.ts';
import { assertActs } from './workflow.ts';

type Acting = z.infer<typeof TaskOfDeployment>;

/** Throws DeploymentAborted when somebody asked for the way back. */
export function assertWanted({ id, cancel }: DeploymentRecord): void {
  if (cancel === null) return;
  const said = cancel.comment === null ? '' : `: ${cancel.comment}`;
  throw new DeploymentAborted(`${cancel.by} asked for the way back of ${id}${said}`, {
    evidence: { by: cancel.by, at: cancel.at },
    action: 'Nothing: the old version gets all traffic back.',
  });
}

/** The record, for an execution that may go on. Throws ExecutionSuperseded, DeploymentAborted. */
export async function readWanted({ deploymentId, execution }: Acting): Promise<DeploymentRecord> {
  const record = await readDeployment(deploymentId);
  assertActs(record, execution);
  assertWanted(record);
  return record;
}

/** Changes the record for an execution that may go on. Throws ExecutionSuperseded, DeploymentAborted. */
export const changeWanted = (
  { deploymentId, execution }: Acting,
  decide: (record: DeploymentRecord) => Change | undefined,
): Promise<DeploymentRecord> =>
  changeDeployment(deploymentId, (record) => {
    assertActs(record, execution);
    assertWanted(record);
    return decide(record);
  });

/** The same on the way back, and after all traffic has moved: nobody can ask for it to stop. */
export const changeActing = (
  { deploymentId, execution }: Acting,
  decide: (record: DeploymentRecord) => Change | undefined,
): Promise<DeploymentRecord> =>
  changeDeployment(deploymentId, (record) => {
    assertActs(record, execution);
    return decide(record);
  });
