import { environmentVariable } from '#platform/environment.ts';
import { changeEnvironment, readEnvironment } from '../environments/environments.ts';
import { changeKillSwitches } from '../kill-switches/kill.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { readDocument } from '../registry/snapshot.ts';
import type { Strategy } from '../schemas.ts';
import type { Place, PublicationPlace } from './publish.ts';

const none = JSON.stringify({ flags: {} });

function strategyId(strategy: Strategy): string {
  if (typeof strategy !== 'string') return strategy.appconfig;
  return environmentVariable(`FLAGS_${strategy.toUpperCase()}_STRATEGY`);
}

/** How far the flags of an environment have come. */
export const flagsPublication = (environment: string): PublicationPlace => ({
  name: environment,
  read: async () => (await readEnvironment(environment)).publication,
  change: async (decide) => {
    const { publication } = await changeEnvironment(environment, (record) => {
      const moved = decide(record.publication);
      if (moved === undefined) return undefined;
      return { set: { publication: { ...record.publication, ...moved.set } }, events: moved.events ?? [] };
    });
    return publication;
  },
});

/** The flags of an environment, which come into force as its settings say. */
export const flagsPlace = (environment: string): Place => ({
  ...flagsPublication(environment),
  async newest() {
    const record = await readEnvironment(environment);
    return {
      revision: record.publication.revision,
      text: (await readDocument(record)) ?? none,
      strategyId: strategyId(record.settings.strategy),
      alarms: record.settings.alarms,
    };
  },
});

/** How far the kill switches of an environment have come. */
export const killSwitchesPublication = (environment: string): PublicationPlace => ({
  name: `${environment}-kill-switches`,
  read: async () => (await readKillSwitches(environment)).publication,
  change: async (decide) => {
    const { publication } = await changeKillSwitches(environment, (record) => {
      const moved = decide(record.publication);
      if (moved === undefined) return undefined;
      return { set: { publication: { ...record.publication, ...moved.set } }, events: moved.events ?? [] };
    });
    return publication;
  },
});

/** The kill switches of an environment, which come into force at once and are taken back by no alarm. */
export const killSwitchesPlace = (environment: string): Place => ({
  ...killSwitchesPublication(environment),
  async newest() {
    const { publication, document } = await readKillSwitches(environment);
    return {
      revision: publication.revision,
      text: JSON.stringify(document),
      strategyId: strategyId('immediate'),
      alarms: [],
    };
  },
});
