import { ACCOUNT, REGION } from '../step-functions/arns.ts';

export const functionArn = (name: string, account = ACCOUNT): string =>
  `arn:aws:lambda:${REGION}:${account}:function:${name}`;

/** The name and version of a function given as name, `name:version`, ARN or ARN with a version or alias. */
export function parseFunctionName(given: string): { name: string; version: string } {
  const parts = given.startsWith('arn:') ? given.split(':').slice(6) : given.split(':');
  const [name, version = '$LATEST'] = parts;
  if (!name || parts.length > 2) throw new Error(`'${given}' names no Lambda function`);
  return { name, version };
}
