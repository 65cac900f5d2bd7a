import type { Clock } from '../clock.ts';
import type { Events } from '../events/events.ts';
import { type Moment, momentsOf } from './growth.ts';
import { type DeploymentEventRecord, type DeploymentRecord, deploymentId, type Notice } from './model.ts';
import {
  applicationArn,
  associationArn,
  environmentArn,
  newResourceId,
  profileArn,
  type Store,
} from './store.ts';

/** As AppConfig names them: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-appconfig.html */
const detailTypes: Record<Notice, string> = {
  Start: 'On Deployment Start',
  Complete: 'On Deployment Complete',
  RolledBack: 'On Deployment Rolled Back',
};

export const isUnderWay = ({ state }: Pick<DeploymentRecord, 'state'>): boolean =>
  state === 'DEPLOYING' || state === 'BAKING';

const idOf = ({ environmentId, number }: DeploymentRecord) => deploymentId(environmentId, number);

function eventOf({ strategy, startedAt }: DeploymentRecord, moment: Moment): DeploymentEventRecord {
  const at = startedAt + moment.at;
  if (moment.state === 'COMPLETE')
    return { type: 'DEPLOYMENT_COMPLETED', by: 'APPCONFIG', at, description: 'Deployment completed' };
  return moment.state === 'BAKING'
    ? {
        type: 'BAKE_TIME_STARTED',
        by: 'APPCONFIG',
        at,
        description: `Bakes for ${strategy.bakeMinutes} minutes`,
      }
    : {
        type: 'PERCENTAGE_UPDATED',
        by: 'APPCONFIG',
        at,
        description: `Configuration available to ${moment.percentage.toFixed(2)}% of clients`,
      };
}

/**
 * Moves deployments on as their time passes, and tells EventBridge where the extension was associated. Time alone says
 * where a deployment is, so that a process that was away finds it where it would be anyway.
 */
export function createProgress(options: {
  store: Store;
  clock: Clock;
  publish: Events['publish'];
  /** Told of what could not be written or published; it is done again at the next start. */
  onFailure: (error: unknown) => void;
}) {
  const { store, clock } = options;
  const timers = new Map<string, () => void>();
  let telling: Promise<void> = Promise.resolve();
  let running = false;

  /** Keeps a deployment as it is now; resolves when it is on disk. EventBridge hears of it after that. */
  async function keep(record: DeploymentRecord): Promise<void> {
    arm(record);
    await store.deployments.put(idOf(record), record);
    if (record.unsent.length === 0) return;
    telling = telling.then(() => tell(idOf(record))).catch(options.onFailure);
  }

  function arm(record: DeploymentRecord): void {
    const id = idOf(record);
    timers.get(id)?.();
    timers.delete(id);
    const next = momentsOf(record.strategy)[record.passed];
    if (!running || !isUnderWay(record) || next === undefined) return;
    const cancel = clock.setTimer(Math.max(0, record.startedAt + next.at - clock.now()), () => {
      const present = store.deployments.get(id);
      if (present !== undefined && isUnderWay(present)) void pass(present).catch(options.onFailure);
    });
    timers.set(id, cancel);
  }

  /** Brings a deployment to where it has to be by now. */
  async function pass(record: DeploymentRecord): Promise<void> {
    const elapsed = clock.now() - record.startedAt;
    const due = momentsOf(record.strategy)
      .slice(record.passed)
      .filter(({ at }) => at <= elapsed);
    const last = due.at(-1);
    if (last === undefined) return;
    const events = due.map((moment) => eventOf(record, moment)).reverse();
    await keep({
      ...record,
      state: last.state,
      percentage: last.percentage,
      passed: record.passed + due.length,
      events: [...events, ...record.events],
      ...(last.state === 'COMPLETE'
        ? { completedAt: record.startedAt + last.at, unsent: [...record.unsent, 'Complete'] }
        : {}),
    });
  }

  /** Ends a deployment before its time, or takes back one that is complete. */
  async function end(record: DeploymentRecord, state: 'ROLLED_BACK' | 'REVERTED'): Promise<DeploymentRecord> {
    const at = clock.now();
    const by = 'USER' as const;
    const events: DeploymentEventRecord[] =
      state === 'REVERTED'
        ? [{ type: 'REVERT_COMPLETED', by, at, description: 'Deployment reverted' }]
        : [
            { type: 'ROLLBACK_COMPLETED', by, at, description: 'Rollback completed' },
            { type: 'ROLLBACK_STARTED', by, at, description: 'Rollback started by a user' },
          ];
    const ended: DeploymentRecord = {
      ...record,
      state,
      percentage: 0,
      completedAt: at,
      events: [...events, ...record.events],
      unsent: state === 'REVERTED' ? record.unsent : [...record.unsent, 'RolledBack'],
    };
    await keep(ended);
    return ended;
  }

  async function tell(id: string): Promise<void> {
    const record = store.deployments.get(id);
    const environment = record && store.environments.get(record.environmentId);
    const application = environment && store.applications.get(environment.applicationId);
    if (record === undefined || environment === undefined || application === undefined) return;
    const resources = [
      applicationArn(application.id),
      environmentArn(environment),
      profileArn({ applicationId: application.id, id: record.profileId }),
    ];
    const associations = store.associations.all().filter((one) => resources.includes(one.resourceArn));
    for (const one of record.unsent) {
      for (const association of associations) {
        await options.publish({
          source: 'aws.appconfig',
          detailType: detailTypes[one],
          resources: [associationArn(association.id)],
          detail: {
            InvocationId: newResourceId(),
            Parameters: association.parameters,
            Type: `OnDeployment${one}`,
            Application: { Id: application.id, Name: application.name },
            Environment: { Id: environment.id, Name: environment.name },
            ConfigurationProfile: { Id: record.profileId, Name: record.profileName },
            DeploymentNumber: record.number,
            ConfigurationVersion: String(record.version),
          },
        });
      }
    }
    // It may have moved on meanwhile, and have more to tell.
    const present = store.deployments.get(id);
    if (present !== undefined)
      await store.deployments.put(id, { ...present, unsent: present.unsent.slice(record.unsent.length) });
  }

  return {
    keep,
    end,
    start(): void {
      running = true;
      for (const record of store.deployments.all()) {
        if (isUnderWay(record)) arm(record);
        if (record.unsent.length > 0) void keep(record).catch(options.onFailure);
      }
    },
    /** Moves nothing on any more; resolves when what is under way is on disk. */
    async stop(): Promise<void> {
      running = false;
      for (const cancel of timers.values()) cancel();
      timers.clear();
      await store.settled();
      await telling;
      await store.settled();
    },
  };
}
export type Progress = ReturnType<typeof createProgress>;
