import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { pageOf } from '#platform/page.ts';
import { EnvironmentName, Namespace } from '../schemas.ts';

/** A hosted configuration of AppConfig has at most 2 MB; what leaves room for them is published. */
export const largestDocument = 2_000_000;

export const PublicationParams = z.strictObject({ environment: EnvironmentName, service: ServiceName });

export const NewPublication = z
  .strictObject({
    namespaces: z
      .array(Namespace)
      .min(1)
      .max(10)
      .refine((all) => new Set(all).size === all.length, 'Expected each namespace once'),
  })
  .meta({ id: 'NewConfigurationPublication' });
export type NewPublication = z.infer<typeof NewPublication>;

const Time = z.iso.datetime();
const hash = z.string().describe('Of the document');

/** What a service reads from AppConfig in one environment, and how far the newest of it has come. */
export const Publication = PublicationParams.extend({
  namespaces: z.array(Namespace),
  /** Ids of AppConfig; null until they are made. */
  resources: z.strictObject({ environmentId: z.string(), profileId: z.string() }).nullable(),
  deploying: z
    .strictObject({ hash, version: z.int(), deployment: z.int(), since: Time })
    .nullable()
    .describe('A deployment of AppConfig that goes on'),
  deployed: z.strictObject({ hash, version: z.int(), at: Time }).nullable().describe('What readers get'),
  refused: z
    .strictObject({ hash, why: z.string(), at: Time })
    .nullable()
    .describe('A document that was not taken, or taken back; it is not tried again until it changes'),
  redeployedAt: Time.nullable()
    .default(null)
    .describe('When it was deployed over what somebody else deployed, without anybody asking'),
  createdAt: Time,
  updatedAt: Time,
  updatedBy: z.string(),
}).meta({ id: 'ConfigurationPublication' });
export type Publication = z.infer<typeof Publication>;
export const PublicationPage = pageOf(Publication).meta({ id: 'ConfigurationPublicationPage' });

export const PublicationRecord = Publication.extend({ schemaVersion: z.literal(1), revision: z.int() });
export type PublicationRecord = z.infer<typeof PublicationRecord>;

/** How its environment and its profile are called at AppConfig, which allows 64 and 128 characters. */
export const profileName = ({ environment, service }: z.infer<typeof PublicationParams>): string =>
  `${environment}.${service}`;
