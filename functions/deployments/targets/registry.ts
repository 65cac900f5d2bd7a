import { TargetRefused } from '../errors.ts';
import type { DeploymentRecord } from '../records.ts';
import { alb } from './alb.ts';
import { ecsServices } from './ecs.ts';
import { http } from './http.ts';
import { lambdaAlias } from './lambda-alias.ts';
import type { Target, TargetKind } from './schemas.ts';
import type { Made, Subject, TargetActions } from './target.ts';

/** Every kind of target by its name; of one kind the actions take its own settings. */
const actions: { [K in TargetKind]: TargetActions<Extract<Target, { kind: K }>> } = {
  http,
  'lambda-alias': lambdaAlias,
  alb,
  ecs: ecsServices,
};

function actionsOf(target: Target): TargetActions {
  // The table gives each kind the actions for its own settings, which is what it was looked up by.
  return actions[target.kind] as TargetActions;
}

/** The target of a deployment, with what it is told. */
export function targetOf({ id, service, request }: Pick<DeploymentRecord, 'id' | 'service' | 'request'>): {
  actions: TargetActions;
  subject: Subject;
} {
  const { target, version } = request;
  return { actions: actionsOf(target), subject: { deployment: id, service, version, target } };
}

/** The same with what createGreen made. Throws TargetRefused when nothing was made yet. */
export function madeOf(record: DeploymentRecord): ReturnType<typeof targetOf> & { made: Made } {
  if (record.green === null) {
    throw new TargetRefused(`Deployment ${record.id} has not made its new version yet`, {
      evidence: { id: record.id, phase: record.phase },
      action: `Look at it with: theseus deployment show ${record.id}`,
    });
  }
  return { ...targetOf(record), made: record.green.made };
}
