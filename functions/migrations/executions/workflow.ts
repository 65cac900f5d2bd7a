import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { findConnector } from '../connectors/store.ts';
import { findDatabase } from '../databases/databases.ts';
import { ConnectorIncomplete } from '../errors.ts';
import { connectorFunctions } from '../functions.ts';
import { changeMigration } from '../migration-store.ts';
import {
  type ConnectorRecord,
  type DatabaseRecord,
  defaultConnectorId,
  type Execution,
  type MigrationRecord,
} from '../records.ts';

type Kind = Execution['kind'];
type Led = Pick<MigrationRecord, 'kind' | 'blueGreen'>;

const stateMachineVariables: Record<Kind | 'data', string> = {
  data: 'MIGRATION_DATA_STATE_MACHINE_ARN',
  migration: 'MIGRATION_STATE_MACHINE_ARN',
  rollback: 'MIGRATION_ROLLBACK_STATE_MACHINE_ARN',
  undo: 'MIGRATION_UNDO_STATE_MACHINE_ARN',
  removal: 'MIGRATION_REMOVAL_STATE_MACHINE_ARN',
};

/** Of a schema that moves to another database; it has no undo and no removal of its own. */
const moveVariables: Partial<Record<Kind, string>> = {
  migration: 'MIGRATION_BLUE_GREEN_STATE_MACHINE_ARN',
  rollback: 'MIGRATION_BLUE_GREEN_ROLLBACK_STATE_MACHINE_ARN',
};

/** Rows are copied by a workflow of their own, and taken back and forgotten by those of any migration. */
export function stateMachineArn(kind: Kind, { kind: what, blueGreen }: Led): string {
  const move = blueGreen === null ? undefined : moveVariables[kind];
  const own = stateMachineVariables[what === 'data' && kind === 'migration' ? 'data' : kind];
  return environmentVariable(move ?? own);
}

/** The execution a record is about to have; its name is the same however often it is started. */
export function newExecution(id: string, kind: Kind, attempt: number): Execution {
  return { kind, name: `${id}-${kind}-${attempt}`, arn: null, attempt, startedAt: clock.now() };
}

/** The migration an execution works for, by its name; undefined when it is not one of ours. */
export function migrationOfExecution(name: string): string | undefined {
  return /^(mig_[A-Za-z0-9]{1,40})-(migration|rollback|undo|removal)-\d+$/.exec(name)?.[1];
}

/** An execution's name is the last part of its ARN. */
export const executionNameOf = (arn: string): string => arn.split(':').at(-1) ?? '';

/** The connector of a database: its own, or the platform's. Throws ConnectorIncomplete, NotFound. */
export async function connectorOf(database: DatabaseRecord): Promise<ConnectorRecord> {
  const connector = await findConnector(database.connector?.id ?? defaultConnectorId);
  const missing = connectorFunctions.filter((name) => connector.functions[name] === undefined);
  if (missing.length === 0) return connector;
  throw new ConnectorIncomplete(`The connector of database ${database.name} lacks ${missing.join(', ')}`, {
    evidence: { database: database.id, connector: connector.name, missing },
    action: `Deploy the connector of this version of Theseus, then: theseus connector update ${connector.name} --file <outputs.json>`,
  });
}

/** What an execution is told of its connector; it keeps it to its end, whatever is registered meanwhile. */
export async function executionInput(record: MigrationRecord) {
  const { roleArn, functions } = await connectorOf(await findDatabase(record.databaseId));
  return { migrationId: record.id, connector: { roleArn, functions } };
}

/**
 * Starts an execution, once: a second start of the same name finds the first, also when the connector was deployed anew
 * in between. Everything it gets is an id or comes from the stored registration.
 */
export async function startExecution(
  record: MigrationRecord,
  execution: Execution,
): Promise<MigrationRecord> {
  const input = await executionInput(record);
  const arn = await startOnce(stateMachineArn(execution.kind, record), execution.name, input);
  if (arn === undefined) return record;
  return await changeMigration(record.id, ({ execution: current }) =>
    current === null || current.name !== execution.name || current.arn !== null
      ? undefined
      : { set: { execution: { ...current, arn } } },
  );
}

/** How an execution of the record stands; undefined when it never began. */
export const executionStatus = (execution: Execution, record: Led): Promise<ExecutionStatus | undefined> =>
  statusOf(stateMachineArn(execution.kind, record), execution);
