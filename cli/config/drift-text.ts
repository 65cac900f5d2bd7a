import type { InstanceDrift, PublicationDrift } from '#configuration/drift/schemas.ts';

const versionText = (version: number | null): string => (version === null ? 'nothing' : `version ${version}`);

/** An instance that has something else in force, in a few lines. */
export function instanceLines(drift: InstanceDrift): string[] {
  const layer = [drift.environment, drift.tenant].filter((one) => one !== null).join(', ');
  const { document } = drift;
  return [
    `${drift.service} ${drift.instance}${layer === '' ? '' : ` (${layer})`}, since ${drift.since}`,
    ...drift.differences.flatMap(({ key, stored, inForce }) => [
      `  - ${key.namespace}/${key.key} ${versionText(inForce)} in force`,
      `  + ${key.namespace}/${key.key} ${versionText(stored)} stored`,
    ]),
    ...(document === null
      ? []
      : [
          `  - ${drift.namespace} with the ETag ${document.inForce} in force`,
          `  + ${drift.namespace} with the ETag ${document.expected} stored${document.behindSince === null ? '' : `, since ${document.behindSince}`}`,
        ]),
    ...(drift.remediatedAt === null ? [] : [`  told again at ${drift.remediatedAt}`]),
  ];
}

/** A publication in whose place something else is in force, in a few lines. */
export function publicationLines(drift: PublicationDrift): string[] {
  const { environment, service, found, problem } = drift;
  const whose =
    found === null
      ? 'nothing is deployed'
      : `deployment ${found.deployment} has version ${found.version}${found.label === null ? '' : ` (${found.label})`}${found.complete ? '' : ', which readers are getting now'}`;
  return [
    `${environment}.${service} at AppConfig: version ${drift.expected} ought to be in force, ${whose}, since ${drift.since}`,
    ...(problem === null ? [] : [`  ${problem}`]),
    ...drift.differences.flatMap((one) => {
      const place = `${one.key === null ? 'the document' : `${one.namespace}/${one.key}`}${one.pointer === '' ? '' : ` ${one.pointer}`}`;
      if (one.hidden) return [`  ~ ${place} differs, and is not shown`];
      return [
        ...(one.found === null ? [] : [`  - ${place} ${one.found} in force`]),
        ...(one.expected === null ? [] : [`  + ${place} ${one.expected} deployed`]),
      ];
    }),
    ...(drift.remediatedAt === null ? [] : [`  deployed anew at ${drift.remediatedAt}`]),
    ...(drift.remediate
      ? []
      : [`  Bring it back with: npx theseus config publish ${service} --environment ${environment}`]),
  ];
}
