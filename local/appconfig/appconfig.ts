import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { CommandHandlers } from '../attach.ts';
import type { ConfigurationApplication } from '../capability.ts';
import type { Clock } from '../clock.ts';
import type { Events } from '../events/events.ts';
import type { Lambda } from '../lambda/runtime.ts';
import { associationHandlers } from './associations.ts';
import { deploymentHandlers } from './deployments.ts';
import { profileHandlers } from './profiles.ts';
import { createProgress } from './progress.ts';
import { resourceHandlers } from './resources.ts';
import { sessionHandlers } from './sessions.ts';
import { applicationArn, newResourceId, openStore } from './store.ts';

/** AWS AppConfig on the laptop, on disk: hosted configurations, validators, deployments over time, sessions. */
export function createAppConfig(options: {
  directory: string;
  clock: Clock;
  invoke: Lambda['invoke'];
  publish: Events['publish'];
  onFailure: (error: unknown) => void;
  random: () => number;
}) {
  const { clock, invoke } = options;
  const store = openStore(join(options.directory, 'appconfig'));
  const progress = createProgress({ store, clock, publish: options.publish, onFailure: options.onFailure });
  const handlers: CommandHandlers = {
    ...resourceHandlers(store),
    ...profileHandlers(store, invoke),
    ...associationHandlers(store),
    ...deploymentHandlers({ store, progress, clock, invoke }),
  };

  return {
    /** Answers of AppConfig and of AppConfigData. */
    handlers,
    dataHandlers: sessionHandlers({ store, clock, random: options.random }),
    /**
     * Sees that an application is there as its capability declares it, with its strategies and with word of its
     * deployments to EventBridge. Resolves with the variables that tell functions the ids.
     */
    async declare(declared: ConfigurationApplication): Promise<Record<string, string>> {
      const known = store.applications.all().find(({ name }) => name === declared.name);
      const application = known ?? { id: newResourceId(), name: declared.name, tags: {} };
      if (known === undefined) await store.applications.put(application.id, application);
      const variables = { [declared.variable]: application.id };
      for (const { variable, name, ...growth } of declared.strategies) {
        const former = store.strategies.all().find((one) => one.name === name);
        const record = { id: former?.id ?? newResourceId(), name, tags: {}, ...growth };
        if (!isDeepStrictEqual(record, former)) await store.strategies.put(record.id, record);
        variables[variable] = record.id;
      }
      const resourceArn = applicationArn(application.id);
      if (!store.associations.all().some((one) => one.resourceArn === resourceArn)) {
        const id = newResourceId();
        await store.associations.put(id, { id, resourceArn, parameters: {} });
      }
      return variables;
    },
    start: progress.start,
    stop: progress.stop,
  };
}
export type AppConfig = ReturnType<typeof createAppConfig>;
