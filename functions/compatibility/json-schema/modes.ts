import type { Change } from '../changes.ts';
import { type Content, SchemaComparison } from './compare.ts';
import { isObject } from './document.ts';
import type { CompatibilityMode } from './mode-names.ts';
import { everySchema } from './references.ts';
import { type KindName, kinds } from './rules.ts';
import type { SchemaSide } from './validator.ts';

/** Whether objects take properties that they do not name: all of them, none, or some. */
export type ContentModel = 'open' | 'closed' | 'partly open';

export type Way = 'backward' | 'forward';

/** One comparison of a history: which older version, which way. */
export interface ModeCheck {
  against: string;
  way: Way;
  compatible: boolean;
  /** Of who writes and who reads: an open one that is written may have anything under a name that is read. */
  writer: ContentModel;
  reader: ContentModel;
  /** What is worth a person's eyes. */
  changes: Change[];
}

export interface ModeVerdict {
  mode: CompatibilityMode;
  content: Content;
  compatible: boolean;
  checks: ModeCheck[];
}

/** So many older versions are compared with, the newest ones. */
export const MOST_VERSIONS = 100;

const waysOf = (mode: CompatibilityMode): Way[] => {
  if (mode === 'NONE') return [];
  if (mode.startsWith('FULL')) return ['backward', 'forward'];
  return [mode.startsWith('BACKWARD') ? 'backward' : 'forward'];
};

/** Whether `next` may come after a history, the oldest version first. Nothing is compared where there is none, or by NONE. */
export function checkMode(
  history: readonly { version: string; side: SchemaSide }[],
  next: SchemaSide,
  { mode, content = 'lenient' }: { mode: CompatibilityMode; content?: Content | undefined },
): ModeVerdict {
  const older = history.slice(mode.endsWith('_TRANSITIVE') ? -MOST_VERSIONS : -1).reverse();
  const checks = older.flatMap(({ version, side }) =>
    waysOf(mode).map((way): ModeCheck => {
      const changes = compareOneWay(side, next, way, content).filter(({ level }) => level !== 'info');
      const [writer, reader] = way === 'backward' ? [side, next] : [next, side];
      return {
        against: version,
        way,
        compatible: !changes.some(({ level }) => level === 'breaking'),
        writer: contentModel(writer),
        reader: contentModel(reader),
        changes,
      };
    }),
  );
  return { mode, content, compatible: checks.every((one) => one.compatible), checks };
}

/** The changes from one schema to the next as a mode weighs them; by NONE all are information. */
export function compareByMode(
  old: SchemaSide,
  next: SchemaSide,
  mode: CompatibilityMode,
  content?: Content,
): Change[] {
  const ways = waysOf(mode);
  if (ways.length > 0) {
    const found = ways.map((way) => compareOneWay(old, next, way, content));
    // By FULL one and the same change is told both ways: where it hurts, or else once.
    const hurting = found.flat().filter(({ level }) => level !== 'info');
    const told = new Set(hurting.map(({ pointer, place }) => JSON.stringify([pointer, place])));
    const harmless = found[0]?.filter(
      ({ level, pointer, place }) => level === 'info' && !told.has(JSON.stringify([pointer, place])),
    );
    return [...hurting, ...(harmless ?? [])];
  }
  return compareOneWay(old, next, 'backward', content).map(({ example: _, ...change }) => ({
    ...change,
    level: 'info',
    remedy: 'None needed.',
  }));
}

function compareOneWay(old: SchemaSide, next: SchemaSide, way: Way, content: Content | undefined): Change[] {
  return new SchemaComparison(old.dialect, next.dialect).compare(old, next, {
    // Backward: what was written comes to the new version. Forward: what is written goes to the old one.
    ...(way === 'backward'
      ? { direction: 'request', role: 'accepts' }
      : { direction: 'response', role: 'promises' }),
    prefix: way,
    place: { kind: 'schema' },
    content,
  });
}

/** The rules of modes: those of schemas behind `backward-` and `forward-`. */
export function modeRuleNames(): string[] {
  // Object.keys knows no names.
  const names = (Object.keys(kinds) as KindName[]).flatMap((kind) => [
    kinds[kind].narrowed.rule,
    kinds[kind].widened.rule,
  ]);
  return [...new Set(names)].flatMap((rule) => [`backward-${rule}`, `forward-${rule}`]);
}

/** The content model of all objects of a schema that name properties. */
export function contentModel({ root }: SchemaSide): ContentModel {
  const objects = [...everySchema(root.schema)].flatMap(({ schema }) =>
    isObject(schema) && (isObject(schema.properties) || schema.additionalProperties !== undefined)
      ? [schema.additionalProperties === false || schema.unevaluatedProperties === false]
      : [],
  );
  if (!objects.includes(true)) return 'open';
  return objects.includes(false) ? 'partly open' : 'closed';
}
