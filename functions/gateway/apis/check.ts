import { pointerTo } from '#compatibility/json-schema/document.ts';
import { compile } from '#compatibility/json-schema/validator.ts';
import { clock } from '#platform/clock.ts';
import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { compileChain } from '#transformations/chain.ts';
import { schemaSide } from './request-schemas.ts';
import type { ApiRoute, ServedVersion } from './schemas.ts';

const mostNamed = 50;

/** What no schema says: how the parts of an API fit together. Throws InvalidInput naming every field, at most 50. */
export async function checkApi(route: ApiRoute): Promise<void> {
  const problems: FieldProblem[] = [];
  const versions = route.versions.map(({ version }) => version);
  const known = (version: string, pointer: string) => {
    if (versions.includes(version)) return;
    problems.push({ pointer, detail: `${version} is no version; expected one of ${versions.join(', ')}` });
  };
  known(route.latest, '/latest');
  known(route.default, '/default');
  for (const [consumer, version] of Object.entries(route.pins)) known(version, pointerTo('/pins', consumer));
  for (const [at, { version }] of route.limits.entries())
    if (version !== undefined) known(version, `/limits/${at}/version`);
  for (const [at, version] of route.versions.entries()) {
    if (versions.indexOf(version.version) !== at)
      problems.push({ pointer: `/versions/${at}/version`, detail: `${version.version} is there twice` });
    problems.push(...schemaProblems(version, `/versions/${at}/requestSchemas`));
    problems.push(...(await changeProblems(version, `/versions/${at}/changes`)));
  }
  const dated = versions.filter((version) => isDate(version)).length;
  if (dated !== 0 && dated !== versions.length)
    problems.push({ pointer: '/versions', detail: 'Expected versions of one kind: 1.4.2, or dates' });
  const [first] = problems;
  if (first === undefined) return;
  throw new InvalidInput(
    problems.length === 1 ? `${first.pointer}: ${first.detail}` : 'The API does not fit together',
    { problems: problems.slice(0, mostNamed), action: 'Correct the fields that `errors` names.' },
  );
}

const isDate = (version: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(version);

function schemaProblems({ requestSchemas = {} }: ServedVersion, pointer: string): FieldProblem[] {
  return Object.entries(requestSchemas).flatMap(([endpoint, schema]) =>
    compile(schemaSide(schema)) === undefined
      ? [
          {
            pointer: pointerTo(pointer, endpoint),
            detail: 'Expected a JSON Schema that refers to itself only',
          },
        ]
      : [],
  );
}

/** Changes are compiled once to see that they can be. */
async function changeProblems({ changes }: ServedVersion, pointer: string): Promise<FieldProblem[]> {
  const found: FieldProblem[] = [];
  for (const [at, change] of changes.entries()) {
    try {
      (await compileChain([change], { now: () => clock.monotonic() })).dispose();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      const problems = error.problems.length > 0 ? error.problems : [{ pointer: '', detail: error.message }];
      found.push(...problems.map((one) => ({ ...one, pointer: `${pointer}/${at}${one.pointer}` })));
    }
  }
  return found;
}
