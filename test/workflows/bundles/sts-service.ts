import { AssumeRoleCommand, type AssumeRoleCommandOutput } from '@aws-sdk/client-sts';
import { sts } from '#platform/clients.ts';
import type { Understood, WireRequest } from './wire.ts';

const xml = (content: string) => ({ headers: { 'content-type': 'text/xml' }, body: content });

/** STS's protocol, a form in and XML out, for the one call the product makes. */
export function stsService({ body }: WireRequest): Understood {
  const {
    Action = '',
    Version: _,
    ...asked
  } = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  const { RoleArn, RoleSessionName, ExternalId, DurationSeconds } = asked;
  return {
    command: Action,
    input: asked,
    async send() {
      if (Action !== 'AssumeRole') throw new Error(`No answer is written for STS ${Action}`);
      return sts().send(
        new AssumeRoleCommand({
          RoleArn,
          RoleSessionName,
          ...(ExternalId === undefined ? {} : { ExternalId }),
          ...(DurationSeconds === undefined ? {} : { DurationSeconds: Number(DurationSeconds) }),
        }),
      );
    },
    answer(output) {
      const { Credentials: given } = output as AssumeRoleCommandOutput; // of the command above
      return {
        status: 200,
        ...xml(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
          <AccessKeyId>${given?.AccessKeyId}</AccessKeyId><SecretAccessKey>${given?.SecretAccessKey}</SecretAccessKey>
          <SessionToken>${given?.SessionToken}</SessionToken><Expiration>${given?.Expiration?.toISOString()}</Expiration>
          </Credentials></AssumeRoleResult></AssumeRoleResponse>`),
      };
    },
    failure: ({ name, message }) => ({
      status: 403,
      ...xml(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      ),
    }),
  };
}
