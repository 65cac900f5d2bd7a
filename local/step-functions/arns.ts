/** The laptop's account, in the shape that ARNs demand. */
export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

const PREFIX = `arn:aws:states:${REGION}:${ACCOUNT}`;

/** The role every local execution claims to run under, and that of the laptop's own connector. */
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/theseus-local`;

/** ARN of a state machine, or of one published version of it. */
export function stateMachineArn(name: string, version?: number): string {
  return version === undefined
    ? `${PREFIX}:stateMachine:${name}`
    : `${PREFIX}:stateMachine:${name}:${version}`;
}

export function executionArn(machine: string, name: string): string {
  return `${PREFIX}:execution:${machine}:${name}`;
}

/** ARN of one run of a distributed Map: machine, label or state name, then an id. */
export function mapRunArn(machine: string, label: string, id: string): string {
  return `${PREFIX}:mapRun:${machine}/${label}:${id}`;
}

/** Takes a state machine ARN apart; undefined when it is not one. A bare name is accepted as well. */
export function parseStateMachineArn(arn: string): { name: string; version: number | undefined } | undefined {
  const match = /^(?:arn:aws[\w-]*:states:[\w-]+:\d{12}:stateMachine:)?([\w-]{1,80})(?::(\d+))?$/.exec(arn);
  if (!match?.[1]) return undefined;
  return { name: match[1], version: match[2] === undefined ? undefined : Number(match[2]) };
}
