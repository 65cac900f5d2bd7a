import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { held, type ItemKey } from '#platform/records.ts';
import type { ConfigurationKey, SealedSecret } from '../../schemas.ts';
import { keys, table } from '../../store.ts';

/** Puts `to` where `from` stands, if it still does and is of that version. */
const replaceAt = (
  place: ItemKey,
  version: number,
  { from, to }: { from: SealedSecret; to: SealedSecret },
): Promise<boolean> =>
  held(
    dynamodb().send(
      new UpdateCommand({
        TableName: table(),
        Key: place,
        UpdateExpression: 'SET #content.sealed = :to',
        ConditionExpression: '#version = :version AND #content.sealed.ciphertext = :from',
        ExpressionAttributeNames: { '#content': 'content', '#version': 'version' },
        ExpressionAttributeValues: { ':to': to, ':version': version, ':from': from.ciphertext },
      }),
    ),
  );

/**
 * Replaces how one version of a secret is sealed, in its history and where it is in force; whoever wrote meanwhile wins.
 * Nothing else of it changes: neither its version nor when and by whom it was written. Returns whether anything did.
 */
export async function replaceSealed(
  identity: ConfigurationKey,
  version: number,
  sealed: { from: SealedSecret; to: SealedSecret },
): Promise<boolean> {
  const inHistory = await replaceAt(keys.version(identity, version), version, sealed);
  const inForce = await replaceAt(keys.value(identity), version, sealed);
  return inHistory || inForce;
}
