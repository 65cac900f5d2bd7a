import { randomBytes } from 'node:crypto';
import {
  type AssumeRoleCommandInput,
  type AssumeRoleCommandOutput,
  type STSClient,
  STSServiceException,
} from '@aws-sdk/client-sts';
import { newId } from '#platform/ids.ts';
import { attach } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import type { Roles } from '../lambda/roles.ts';

/** What comes with a signed call. */
export interface Credentials {
  accessKeyId: string;
  sessionToken?: string | undefined;
}

interface Session {
  roleArn: string;
  name: string;
  accessKeyId: string;
  /** Epoch ms. */
  endsAt: number;
}

const refused = (name: string, message: string) =>
  new STSServiceException({ name, message, $fault: 'client', $metadata: {} });

/** STS in memory: sessions end with the process, and so do the clients that use them. */
export function createSts({ roles, clock }: { roles: Roles; clock: Clock }) {
  const sessions = new Map<string, Session>();

  async function assumeRole(
    input: AssumeRoleCommandInput,
  ): Promise<Omit<AssumeRoleCommandOutput, '$metadata'>> {
    knownFields('STS.AssumeRole', input, ['RoleArn', 'RoleSessionName', 'ExternalId', 'DurationSeconds']);
    const {
      RoleArn: arn = '',
      RoleSessionName: name = '',
      ExternalId: externalId,
      DurationSeconds = 3_600,
    } = input;
    if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
      throw refused('ValidationError', `RoleSessionName '${name}' is not 2 to 64 characters of [\\w+=,.@-]`);
    }
    if (DurationSeconds < 900 || DurationSeconds > 3_600) {
      throw refused('ValidationError', `DurationSeconds ${DurationSeconds} is not between 900 and 3600`);
    }
    const role = roles.find(arn);
    if (role === undefined || role.externalId !== externalId) {
      throw refused('AccessDenied', `Not authorized to perform: sts:AssumeRole on resource: ${arn}`);
    }
    for (const [token, { endsAt }] of sessions) if (endsAt <= clock.now()) sessions.delete(token);
    const endsAt = clock.now() + DurationSeconds * 1_000;
    const token = randomBytes(48).toString('base64url');
    const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
    sessions.set(token, { roleArn: arn, name, accessKeyId, endsAt });
    const roleName = arn.split('/').at(-1) ?? '';
    const account = arn.split(':')[4] ?? '';
    return {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: randomBytes(30).toString('base64'),
        SessionToken: token,
        Expiration: new Date(endsAt),
      },
      AssumedRoleUser: {
        AssumedRoleId: `${newId('role')}:${name}`,
        Arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`,
      },
    };
  }

  return {
    /** Answers the client's STS calls from here; returns the detacher. */
    attach: (client: STSClient): (() => void) => attach(client, 'STS', { AssumeRole: assumeRole }),
    /** The session that credentials belong to; undefined when they were not given here, or ended. */
    sessionOf({ accessKeyId, sessionToken = '' }: Credentials): Session | undefined {
      const session = sessions.get(sessionToken);
      return session?.accessKeyId === accessKeyId && session.endsAt > clock.now() ? session : undefined;
    },
  };
}

export type Sts = ReturnType<typeof createSts>;
