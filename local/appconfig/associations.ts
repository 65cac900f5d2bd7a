import type * as sdk from '@aws-sdk/client-appconfig';
import type { CommandHandlers } from '../attach.ts';
import { knownFields } from '../known-fields.ts';
import { REGION } from '../step-functions/arns.ts';
import { type Answer, badRequest, notFound } from './failures.ts';
import type { AssociationRecord } from './model.ts';
import {
  applicationArn,
  associationArn,
  environmentArn,
  newResourceId,
  pageOf,
  profileArn,
  type Store,
} from './store.ts';

/** AWS's own extension that tells EventBridge of deployments; others are not on the laptop. */
export const eventBridgeExtension = 'AWS.AppConfig.DeploymentNotificationsToEventBridge';
const extensionArn = `arn:aws:appconfig:${REGION}::extension/${eventBridgeExtension}/1`;

const associationOf = (record: AssociationRecord) => ({
  Id: record.id,
  ExtensionArn: extensionArn,
  ResourceArn: record.resourceArn,
  Arn: associationArn(record.id),
  Parameters: record.parameters,
  ExtensionVersionNumber: 1,
});

/** Which resources tell EventBridge of their deployments. */
export function associationHandlers(store: Store): CommandHandlers {
  const { associations } = store;
  const exists = (arn: string) =>
    store.applications.all().some(({ id }) => applicationArn(id) === arn) ||
    store.environments.all().some((one) => environmentArn(one) === arn) ||
    store.profiles.all().some((one) => profileArn(one) === arn);
  function find(id = ''): AssociationRecord {
    const record = associations.get(id);
    if (record === undefined) throw notFound('the extension association', id);
    return record;
  }

  return {
    async CreateExtensionAssociation(
      input: sdk.CreateExtensionAssociationCommandInput,
    ): Answer<sdk.CreateExtensionAssociationCommandOutput> {
      knownFields('AppConfig.CreateExtensionAssociation', input, [
        'ExtensionIdentifier',
        'ExtensionVersionNumber',
        'ResourceIdentifier',
        'Parameters',
      ]);
      const { ExtensionIdentifier: extension = '', ResourceIdentifier: resourceArn = '' } = input;
      if (!extension.split('/').includes(eventBridgeExtension))
        throw badRequest(`The laptop knows the extension ${eventBridgeExtension}, this is ${extension}`);
      if (!exists(resourceArn)) throw notFound('the resource', resourceArn);
      const record = { id: newResourceId(), resourceArn, parameters: input.Parameters ?? {} };
      await associations.put(record.id, record);
      return associationOf(record);
    },
    async GetExtensionAssociation(
      input: sdk.GetExtensionAssociationCommandInput,
    ): Answer<sdk.GetExtensionAssociationCommandOutput> {
      knownFields('AppConfig.GetExtensionAssociation', input, ['ExtensionAssociationId']);
      return associationOf(find(input.ExtensionAssociationId));
    },
    async ListExtensionAssociations(
      input: sdk.ListExtensionAssociationsCommandInput,
    ): Answer<sdk.ListExtensionAssociationsCommandOutput> {
      knownFields('AppConfig.ListExtensionAssociations', input, [
        'ResourceIdentifier',
        'MaxResults',
        'NextToken',
      ]);
      const all = associations
        .all()
        .filter(({ resourceArn }) => (input.ResourceIdentifier ?? resourceArn) === resourceArn);
      const { Items, ...next } = pageOf(all, ({ id }) => id, input);
      return {
        Items: Items.map(({ id, resourceArn }) => ({
          Id: id,
          ExtensionArn: extensionArn,
          ResourceArn: resourceArn,
        })),
        ...next,
      };
    },
    async DeleteExtensionAssociation(
      input: sdk.DeleteExtensionAssociationCommandInput,
    ): Answer<sdk.DeleteExtensionAssociationCommandOutput> {
      knownFields('AppConfig.DeleteExtensionAssociation', input, ['ExtensionAssociationId']);
      await associations.remove(find(input.ExtensionAssociationId).id);
      return {};
    },
  };
}
