import { isDeepStrictEqual } from 'node:util';
import { fieldProblems } from '#platform/errors.ts';
import { compileDocument } from '../authoring/compile-document.ts';
import { Flag, FlagdFlag, FlagKey, flagOfDefinition } from '../authoring/flag.ts';
import { JsonObject } from '../authoring/json.ts';
import { FlagConflict, FlagKilled, FlagRefused } from '../errors.ts';
import { parseDocument } from '../evaluation/document.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import type { ImportResult } from '../schemas.ts';
import { type Changed, changeFlags, type FlagEdit, type Reason } from './change-flags.ts';
import { assertFits } from './flags.ts';
import { type Flags, keyedFlags } from './snapshot.ts';

/** Shared rules that Theseus itself writes for prerequisites: they are made anew. */
const own = /^flag:/;

/** A flag of the document as it is kept. Throws FlagRefused. */
function takenOver(key: string, definition: unknown): Flag {
  const parsed = FlagKey.safeParse(key);
  const flag = Flag.safeParse(flagOfDefinition(FlagdFlag.parse(definition)));
  if (parsed.success && flag.success) {
    assertFits(key, flag.data);
    return flag.data;
  }
  const at = `/body/document/flags/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const problems = [
    ...(parsed.success ? [] : fieldProblems(at, parsed.error)),
    ...(flag.success ? [] : fieldProblems(at, flag.error)),
  ];
  throw new FlagRefused(
    `The flag ${key.slice(0, 256)} of the document cannot be taken over: ${problems[0]?.detail}`,
    {
      problems,
      evidence: { flag: key.slice(0, 256) },
      action: 'Correct the flag, and send the whole document again; nothing was stored.',
    },
  );
}

/** What an import makes of the flags that are there. */
function editsOf(flags: Flags, document: Record<string, unknown>, rules: JsonObject): FlagEdit[] {
  // A flag that comes back as it was compiled stays as people wrote it.
  const compiled = JsonObject.parse(
    compileDocument({ ...flags, evaluators: rules, flags: keyedFlags(flags) }).flags,
  );
  const wanted = Object.entries(document).flatMap(([key, definition]): FlagEdit[] => {
    if (Object.hasOwn(compiled, key) && isDeepStrictEqual(compiled[key], definition)) return [];
    const flag = takenOver(key, definition);
    const former = flags.flags.get(key);
    if (former !== undefined && isDeepStrictEqual(former.flag, flag)) return [];
    return [{ key, flag, action: 'imported' }];
  });
  const gone = [...flags.flags.keys()]
    .filter((key) => !Object.hasOwn(document, key))
    .map((key): FlagEdit => ({ key, flag: null, action: 'deleted' }));
  return [...wanted, ...gone];
}

/** Throws FlagKilled when flags would go that a kill switch holds. */
async function assertNoneKilled(environment: string, edits: readonly FlagEdit[]): Promise<void> {
  const { kills } = await readKillSwitches(environment);
  const killed = edits.filter(({ key, flag }) => flag === null && Object.hasOwn(kills, key));
  if (killed.length === 0) return;
  const keys = killed.map(({ key }) => key);
  throw new FlagKilled(
    `Kill switches hold ${keys.slice(0, 5).join(', ')}, which the document does not have`,
    {
      evidence: { environment, flags: keys.slice(0, 50) },
      action: 'Keep the flags in the document, or switch them off, revive them, and import it then.',
    },
  );
}

/**
 * Takes a document of flagd in place of all flags of an environment: what it does not have goes. Throws
 * InvalidFlagDocument, FlagRefused, FlagConflict, FlagKilled, DocumentTooLarge, NotFound, RecordContended.
 */
export async function importDocument(
  environment: string,
  value: unknown,
  expected: number | undefined,
  reason: Reason,
): Promise<Changed & { result: ImportResult }> {
  const { flags: document, $evaluators = {}, metadata = {} } = parseDocument(value);
  // The document was read; JSON of it is what it is.
  const rules = JsonObject.parse($evaluators);
  const others = Object.fromEntries(Object.entries(rules).filter(([name]) => !own.test(name)));
  const about = JsonObject.parse(metadata);
  let created: string[] = [];
  let edits: FlagEdit[] = [];
  const changed = await changeFlags(environment, reason, async (flags, record) => {
    const found = record.publication.revision;
    if (expected !== undefined && expected !== found) {
      throw new FlagConflict(
        `${environment} is at revision ${found}, and the document was made of ${expected}`,
        {
          evidence: { environment, expected, found },
          action: 'Export the flags again, and bring the changes into what they are by then.',
        },
      );
    }
    edits = editsOf(flags, document, others);
    // What was edited by hand may still refer to what another flag decides.
    const text = JSON.stringify(edits);
    const used = Object.entries(rules).filter(
      ([name]) => own.test(name) && text.includes(`{"$ref":${JSON.stringify(name)}}`),
    );
    const evaluators: JsonObject = { ...others, ...Object.fromEntries(used) };
    created = edits.filter(({ key }) => !flags.flags.has(key)).map(({ key }) => key);
    await assertNoneKilled(environment, edits);
    const same = isDeepStrictEqual(evaluators, flags.evaluators) && isDeepStrictEqual(about, flags.metadata);
    return edits.length === 0 && same ? undefined : { flags: edits, evaluators, metadata: about };
  });
  const isNew = new Set(created);
  const result: ImportResult = {
    revision: changed.record.publication.revision,
    created,
    changed: edits.filter(({ key, flag }) => flag !== null && !isNew.has(key)).map(({ key }) => key),
    deleted: edits.filter(({ flag }) => flag === null).map(({ key }) => key),
    unchanged: changed.flags.flags.size - edits.filter(({ flag }) => flag !== null).length,
  };
  return { ...changed, result };
}
