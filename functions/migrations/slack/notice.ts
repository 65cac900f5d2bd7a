import { FleetRecord } from '../fleet/records.ts';
import { MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { WebhookPayload } from '../webhooks/schemas.ts';
import { slackMessage } from './message.ts';
import { slackFleet, slackMigration } from './subjects.ts';

/** The body of a message to Slack about an event: with the state and the buttons of the moment it is sent. */
export async function slackBody(payloadText: string): Promise<string> {
  const payload = WebhookPayload.parse(JSON.parse(payloadText));
  const { migration, fleet } = payload.data;
  if (migration !== null) {
    const record = await readItem(MigrationRecord, keys.migration(migration.id));
    return JSON.stringify(slackMessage(payload, record && slackMigration(record)));
  }
  const record = fleet === null ? undefined : await readItem(FleetRecord, keys.fleet(fleet.id));
  return JSON.stringify(slackMessage(payload, record && slackFleet(record)));
}
