/** A role of a connector: who may assume it and which functions it may invoke. */
export interface ConnectorRole {
  arn: string;
  /** What AssumeRole has to bring; Step Functions assumes it without. */
  externalId: string;
  /** Names of functions. Whoever invokes one of them needs this role. */
  functions: readonly string[];
}

export interface Roles {
  find(arn: string): ConnectorRole | undefined;
  /** Why a caller with this role, or with none, may not invoke a function; undefined when it may. */
  refusal(roleArn: string | undefined, functionName: string): string | undefined;
}

/** The roles of the connectors of this laptop: their functions are invoked with their role, and no others with it. */
export function createRoles(roles: readonly ConnectorRole[]): Roles {
  const byArn = new Map(roles.map((role) => [role.arn, role]));
  const ownerOf = new Map(roles.flatMap((role) => role.functions.map((name) => [name, role.arn] as const)));
  return {
    find: (arn) => byArn.get(arn),
    refusal(roleArn, functionName) {
      if (ownerOf.get(functionName) === roleArn) return undefined;
      const who = roleArn ?? 'the caller';
      return `User: ${who} is not authorized to perform: lambda:InvokeFunction on resource: ${functionName}`;
    },
  };
}
