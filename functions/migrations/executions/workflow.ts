import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { stepFunctions } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
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
export async function executionInput(record: MigrationRecord): Promise<string> {
  const { roleArn, functions } = await connectorOf(await findDatabase(record.databaseId));
  return JSON.stringify({ migrationId: record.id, connector: { roleArn, functions } });
}

/**
 * Starts an execution, once: a second start of the same name finds the first. Everything it gets is an id or comes
 * from the stored registration.
 */
export async function startExecution(
  record: MigrationRecord,
  execution: Execution,
): Promise<MigrationRecord> {
  const input = await executionInput(record);
  try {
    const started = await stepFunctions().send(
      new StartExecutionCommand({
        stateMachineArn: stateMachineArn(execution.kind, record),
        name: execution.name,
        input,
      }),
    );
    return await rememberExecution(record.id, execution.name, started.executionArn ?? null);
  } catch (error) {
    // The connector was deployed anew between two starts: the first one counts.
    if (error instanceof ExecutionAlreadyExists) return record;
    throw error;
  }
}

function rememberExecution(id: string, name: string, arn: string | null): Promise<MigrationRecord> {
  return changeMigration(id, ({ execution }) =>
    execution === null || execution.name !== name || execution.arn !== null
      ? undefined
      : { set: { execution: { ...execution, arn } } },
  );
}

/** How an execution of the record stands; undefined when it never began. */
export async function executionStatus(
  execution: Execution,
  record: Led,
): Promise<ExecutionStatus | undefined> {
  const arn = execution.arn ?? executionArn(execution, record);
  try {
    const found = await stepFunctions().send(new DescribeExecutionCommand({ executionArn: arn }));
    return found.status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** `…:stateMachine:<name>[:<version or alias>]` and the execution's name make the execution's ARN. */
function executionArn({ kind, name }: Execution, record: Led): string {
  const parts = stateMachineArn(kind, record).split(':');
  return [...parts.slice(0, 5), 'execution', parts[6] ?? '', name].join(':');
}
