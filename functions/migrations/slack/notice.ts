import { possibleActions } from '../decisions/actions.ts';
import { MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { WebhookPayload } from '../webhooks/schemas.ts';
import { type ButtonAction, type SlackMigration, slackMessage } from './message.ts';

/** What of the possible actions has a button: what needs no more to be said than yes. */
function buttonsOf(record: MigrationRecord): ButtonAction[] {
  const possible = possibleActions(record);
  const verdict: ButtonAction[] = record.status === 'waiting_for_approval' ? ['approve', 'reject'] : [];
  const wanted: ButtonAction[] = [...verdict, 'pause', 'resume'];
  return [...wanted.filter((action) => possible.some((one) => one === action)), 'show'];
}

export const slackMigration = (record: MigrationRecord): SlackMigration => ({
  id: record.id,
  name: record.name,
  database: record.databaseName,
  schema: record.schema,
  status: record.status,
  phase: record.phase,
  author: record.createdBy,
  planHash: record.plan?.hash ?? '',
  risk: record.plan?.risk ?? null,
  undo: record.plan?.undo ?? null,
  actions: buttonsOf(record),
});

/** The body of a message to Slack about an event: with the state and the buttons of the moment it is sent. */
export async function slackBody(payloadText: string): Promise<string> {
  const payload = WebhookPayload.parse(JSON.parse(payloadText));
  const id = payload.data.migration?.id;
  const record = id === undefined ? undefined : await readItem(MigrationRecord, keys.migration(id));
  return JSON.stringify(slackMessage(payload, record && slackMigration(record)));
}
