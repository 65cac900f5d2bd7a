import type { Caller } from '#platform/access.ts';
import { clock } from '#platform/clock.ts';
import { Forbidden, InvalidInput, NotFound } from '#platform/errors.ts';
import { redactText } from '#platform/redact.ts';
import type { RequestTools } from '#platform/route.ts';
import { auditTrail } from '../access.ts';
import { findDefinition } from '../keys/definitions.ts';
import { nameOf } from '../resolution/layers.ts';
import type { ConfigurationKey, Definition, SealedSecret } from '../schemas.ts';
import { readValue } from '../values/store.ts';
import { open } from './sealed.ts';

/** Secrets that one request may open. */
export const mostOpened = 100;
/** Calls to KMS at once. */
const atOnce = 10;

/** Whether somebody may see what a secret says: a member of one of its readers' groups, or an administrator. */
export const mayRead = (
  { groups, roles }: Pick<Caller, 'groups' | 'roles'>,
  definition: Pick<Definition, 'readers'> | undefined,
): boolean =>
  roles.includes('administrator') || (definition?.readers ?? []).some((group) => groups.includes(group));

/** A secret to be opened, with its place. */
export interface ToOpen {
  identity: ConfigurationKey;
  version: number;
  sealed: SealedSecret;
}

/** The path of a value with its layer, as it stands in the audit trail. */
const resourceOf = ({ namespace, key, service, environment, tenant }: ConfigurationKey): string =>
  [
    `/configuration/values/${namespace}/${key}`,
    ...Object.entries({ service, environment, tenant }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    ),
  ].join('/');

type Tools = Pick<RequestTools, 'caller' | 'requestId' | 'header'>;

/** Enters who read which secret, before it is given away. Throws what the store throws: then nothing is given. */
function enter(
  { identity, version }: ToOpen,
  at: number,
  { call, why }: { call: string; why?: string | undefined },
  { caller, requestId, header }: Tools,
): Promise<void> {
  return auditTrail().end({
    id: `${requestId}-${at}`,
    at: clock.iso(),
    subject: caller.subject,
    action: 'read_secret',
    call: `${call}, version ${version}`,
    resource: resourceOf(identity),
    database: null,
    outcome: 'done',
    status: 200,
    error: null,
    reason: why === undefined ? null : redactText(why).slice(0, 500),
    sourceIp: null,
    userAgent: header('user-agent')?.slice(0, 500) ?? null,
    count: 1,
  });
}

/**
 * What secrets say, in their order; each is entered in the audit trail first. Throws InvalidInput for more than 100,
 * SecretUnreadable, ServiceUnavailable.
 */
export async function openAll(
  secrets: readonly ToOpen[],
  about: { call: string; why?: string | undefined },
  tools: Tools,
): Promise<string[]> {
  if (secrets.length > mostOpened) {
    throw new InvalidInput(
      `${secrets.length} secrets were asked for, at most ${mostOpened} are opened at once`,
      {
        problems: [{ pointer: '/query/secrets', detail: `Expected at most ${mostOpened} secrets` }],
        action: 'Keep secrets of different services in namespaces of their own.',
      },
    );
  }
  const opened: string[] = [];
  for (let from = 0; from < secrets.length; from += atOnce) {
    const part = secrets.slice(from, from + atOnce);
    const texts = await Promise.all(
      part.map(async (one, at) => {
        await enter(one, from + at, about, tools);
        return open(one.sealed, one.identity);
      }),
    );
    opened.push(...texts);
  }
  return opened;
}

/** The secrets in force for these values. Throws Forbidden, NotFound; InvalidInput for what is none. */
export async function findSecrets(
  identities: readonly ConfigurationKey[],
  caller: Caller,
): Promise<ToOpen[]> {
  return Promise.all(
    identities.map(async (identity, at) => {
      const [definition, stored] = await Promise.all([
        findDefinition(identity.namespace, identity.key),
        readValue(identity),
      ]);
      if (!mayRead(caller, definition)) {
        throw new Forbidden(`${caller.subject} may not read ${nameOf(identity)}`, {
          evidence: { identity, readers: definition?.readers ?? [] },
          action: 'Ask one of its readers or an administrator, or to be made one of its readers.',
        });
      }
      if (!stored?.content) {
        throw new NotFound(`${nameOf(identity)} has no value`, {
          evidence: { identity },
          action: `See what each layer says with \`theseus config explain ${identity.key} --namespace ${identity.namespace}\`.`,
        });
      }
      if (stored.content.kind !== 'secret') {
        throw new InvalidInput(`${nameOf(identity)} is no secret`, {
          problems: [{ pointer: `/body/keys/${at}`, detail: 'Expected a secret' }],
          action: 'Read it as any other value.',
        });
      }
      return { identity, version: stored.version, sealed: stored.content.sealed };
    }),
  );
}
