import { clock } from '#platform/clock.ts';
import { Conflict, type FieldProblem, InvalidInput, NotFound, RecordContended } from '#platform/errors.ts';
import { absent } from '#platform/records.ts';
import { findDatabase } from '../databases/databases.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../store.ts';
import { defaultRules } from './defaults.ts';
import { type AlertRule, AlertRuleRecord, type ChangedAlertRule, type NewAlertRule } from './schemas.ts';

/** Rules that users may add: each is held against every active migration each minute. */
const mostRules = 100;
const attempts = 5;

const usualRule = (name: string): AlertRule | undefined => defaultRules.find((rule) => rule.name === name);

function viewOf({ version: _version, ...record }: AlertRuleRecord): AlertRule {
  return { ...record, source: usualRule(record.name) === undefined ? 'own' : 'changed' };
}

/** Every rule by name, those of the platform as they were changed; switched off ones included. */
export async function listRules(): Promise<AlertRule[]> {
  const stored = (await readAll(AlertRuleRecord, keys.alertRule('').pk, '')).map(viewOf);
  const names = new Set(stored.map(({ name }) => name));
  const untouched = defaultRules.filter(({ name }) => !names.has(name));
  return [...untouched, ...stored].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Throws NotFound. */
export async function findRule(name: string): Promise<AlertRule> {
  const record = await readItem(AlertRuleRecord, keys.alertRule(name));
  const rule = record === undefined ? usualRule(name) : viewOf(record);
  if (rule !== undefined) return rule;
  throw new NotFound(`There is no alert rule ${name}`, {
    evidence: { rule: name },
    action: 'List them with `theseus alert-rule list`.',
  });
}

type Content = Pick<AlertRule, 'warning' | 'critical' | 'comparison' | 'action'>;

/** What no single field says. Throws InvalidInput. */
export function assertSensible({ warning, critical, comparison, action }: Content): void {
  const problems: FieldProblem[] = [];
  const problem = (field: string, detail: string) => problems.push({ pointer: `/body/${field}`, detail });
  if (warning === null && critical === null) problem('warning', 'Expected a warning or a critical threshold');
  if (action === 'pause' && critical === null)
    problem('critical', 'A rule that pauses needs a critical threshold');
  const ordered =
    warning === null ||
    critical === null ||
    (comparison === 'above' ? critical >= warning : critical <= warning);
  if (!ordered) {
    const side = comparison === 'above' ? 'not below' : 'not above';
    problem('critical', `Expected a value ${side} the warning threshold ${warning}, found ${critical}`);
  }
  if (problems.length === 0) return;
  throw new InvalidInput(`The alert rule makes no sense: ${problems[0]?.detail}`, {
    problems,
    action: 'Correct the fields that `errors` names.',
  });
}

async function databaseOf(reference: string | null): Promise<AlertRule['database']> {
  if (reference === null) return null;
  const { id, name } = await findDatabase(reference);
  return { id, name };
}

/** Throws Conflict, InvalidInput, NotFound. */
export async function addRule(body: NewAlertRule, by: string): Promise<AlertRule> {
  assertSensible(body);
  const taken = () =>
    new Conflict(`There is an alert rule ${body.name} already`, {
      evidence: { rule: body.name },
      action: `Change it: theseus alert-rule change ${body.name}`,
    });
  const rules = await listRules();
  if (rules.some(({ name }) => name === body.name)) throw taken();
  if (rules.filter(({ source }) => source === 'own').length >= mostRules) {
    throw new Conflict(`There are ${mostRules} alert rules already, which is the most there may be`, {
      evidence: { most: mostRules },
      action: 'Remove one: theseus alert-rule remove <name>',
    });
  }
  const database = await databaseOf(body.database);
  const record = { ...body, database, version: 1, updatedAt: clock.iso(), updatedBy: by };
  if (!(await writeItem(keys.alertRule(body.name), record, absent))) throw taken();
  return viewOf(record);
}

/** Changes what is named and leaves the rest. Throws InvalidInput, NotFound, RecordContended. */
export async function changeRule(name: string, body: ChangedAlertRule, by: string): Promise<AlertRule> {
  const { database: reference, ...changes } = body;
  const named = reference === undefined ? {} : { database: await databaseOf(reference) };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const stored = await readItem(AlertRuleRecord, keys.alertRule(name));
    const { source: _source, ...before } = stored === undefined ? await findRule(name) : viewOf(stored);
    const record: AlertRuleRecord = {
      ...before,
      ...defined(changes),
      ...named,
      version: (stored?.version ?? 0) + 1,
      updatedAt: clock.iso(),
      updatedBy: by,
    };
    assertSensible(record);
    const unchanged =
      stored === undefined
        ? absent
        : {
            expression: '#version = :version',
            names: { '#version': 'version' },
            values: { ':version': stored.version },
          };
    if (await writeItem(keys.alertRule(name), record, unchanged)) return viewOf(record);
  }
  throw new RecordContended(`The alert rule ${name} was written by others at the same moment`, {
    evidence: { rule: name },
    action: 'Repeat the request.',
  });
}

/** Without the fields that were left out. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // Only what is undefined is taken away, which the type says.
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** Throws NotFound, and Conflict for a rule of the platform, which can only be switched off. */
export async function removeRule(name: string): Promise<void> {
  await findRule(name);
  if (usualRule(name) !== undefined) {
    throw new Conflict(`The alert rule ${name} comes with the platform and cannot be removed`, {
      evidence: { rule: name },
      action: `Switch it off: theseus alert-rule change ${name} --off`,
    });
  }
  await deleteItem(keys.alertRule(name));
}
