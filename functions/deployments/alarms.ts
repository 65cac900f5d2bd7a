import { DescribeAlarmsCommand, type DescribeAlarmsCommandOutput } from '@aws-sdk/client-cloudwatch';
import { ServiceUnavailable } from '#platform/errors.ts';
import { redactText } from '#platform/redact.ts';
import { cloudWatch } from '#platform/target-clients.ts';
import type { FiringAlarm } from './alarm-schemas.ts';
import { AlarmFiring, AlarmUnknown } from './errors.ts';
import { type ComparedVersion, filled } from './metrics/question.ts';
import { mayPass } from './targets/ask.ts';

// Alarms of CloudWatch that speak about the new version. One that fires ends the deployment; one that fired before it began
// says nothing about the new version, and must not keep a correction from being deployed.

interface AlarmState extends FiringAlarm {
  firing: boolean;
  reason: string;
}

/** As AWS answers: most of one question. */
const mostAlarms = 100;

function statesOf({ MetricAlarms = [], CompositeAlarms = [] }: DescribeAlarmsCommandOutput): AlarmState[] {
  return [...MetricAlarms, ...CompositeAlarms].map((alarm) => ({
    name: alarm.AlarmName ?? '',
    firing: alarm.StateValue === 'ALARM',
    since: (alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp ?? new Date(0)).toISOString(),
    reason: redactText(alarm.StateReason ?? '').slice(0, 300),
  }));
}

async function describe(names: readonly string[]): Promise<DescribeAlarmsCommandOutput> {
  try {
    return await cloudWatch().send(
      new DescribeAlarmsCommand({
        AlarmNames: [...names],
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        MaxRecords: mostAlarms,
      }),
    );
  } catch (error) {
    if (!mayPass(error)) throw error;
    throw new ServiceUnavailable('CloudWatch did not say how the alarms are', { cause: error });
  }
}

/** How the alarms are now. Throws AlarmUnknown when one is not there, and ServiceUnavailable. */
async function readAlarms(names: readonly string[]): Promise<AlarmState[]> {
  if (names.length === 0) return [];
  const states = statesOf(await describe(names));
  const missing = names.filter((name) => !states.some((one) => one.name === name));
  if (missing.length === 0) return states;
  throw new AlarmUnknown(`There is no alarm ${missing.join(', ')}`, {
    evidence: { missing, expected: names },
    action: 'Create the alarm, or take it out of the deployment: nobody would watch.',
  });
}

/** The alarms of a deployment for its new version; names may have {version} and {target}. */
export const alarmNames = (templates: readonly string[], green: ComparedVersion): string[] => [
  ...new Set(templates.map((template) => filled(template, { ...green }))),
];

/** Those that fire before the new version has any traffic. Throws AlarmUnknown, ServiceUnavailable. */
export async function firingBefore(names: readonly string[]): Promise<FiringAlarm[]> {
  const states = await readAlarms(names);
  return states.filter(({ firing }) => firing).map(({ name, since }) => ({ name, since }));
}

/**
 * Looks at the alarms while the new version has traffic. One that fires without a break since before is left aside. Throws
 * AlarmFiring with all others that fire, AlarmUnknown, ServiceUnavailable.
 */
export async function checkAlarms(names: readonly string[], before: readonly FiringAlarm[]): Promise<void> {
  const fired = (await readAlarms(names)).filter(
    ({ firing, name, since }) =>
      firing && !before.some((one) => one.name === name && Date.parse(since) <= Date.parse(one.since)),
  );
  const [first] = fired;
  if (first === undefined) return;
  throw new AlarmFiring(
    `${fired.length === 1 ? 'The alarm' : `${fired.length} alarms, among them`} ${first.name} fires since ${first.since}: ${first.reason}`,
    {
      evidence: { alarms: fired.map(({ name, since, reason }) => ({ name, since, reason })) },
      action: 'Look at what the alarm watches. The old version has all traffic again.',
    },
  );
}

/** What is said of alarms that fired before. */
export const noteOf = ({ name, since }: FiringAlarm): string =>
  `The alarm ${name} fires since ${since}, before this deployment: it is left aside until it was well again`;
