import { InvalidInput } from '#platform/errors.ts';
import { findDatabase } from '../databases/databases.ts';
import { connectionString } from '../databases/target.ts';
import type { Finding } from '../engines/engine.ts';
import { readFacts } from '../engines/postgresql/blue-green/facts.ts';
import { withSides } from '../engines/postgresql/blue-green/sides.ts';
import { readShape } from '../engines/postgresql/introspect/shape.ts';
import { SchemaNotFound } from '../errors.ts';
import type { Plan } from '../plan/schemas.ts';
import type { DatabaseRecord } from '../records.ts';
import type { Asked } from './asked.ts';
import type { BlueGreenFile } from './file.ts';
import { hooksOf } from './hooks.ts';
import { createBlueGreenPlan } from './plan.ts';
import { findProblems, insteadOfOneDatabase } from './problems.ts';
import type { Hook } from './schemas.ts';

/**
 * The database a file moves to. Throws NotFound, and InvalidInput when the two cannot be reached by one function or the
 * file names another source.
 */
export async function targetOf(file: BlueGreenFile, source: DatabaseRecord): Promise<DatabaseRecord> {
  const target = await findDatabase(file.target);
  const refuse = (pointer: string, detail: string, action: string) =>
    new InvalidInput(`The schema cannot be moved from ${source.name} to ${target.name}`, {
      problems: [{ pointer, detail }],
      evidence: { source: source.name, target: target.name },
      action,
    });
  if (target.id === source.id) {
    throw refuse('/target', 'The target is the source itself', insteadOfOneDatabase);
  }
  if (file.source !== undefined && file.source !== source.name && file.source !== source.id) {
    throw refuse('/source', `The file says ${file.source}`, `Plan it for database ${file.source}.`);
  }
  if ((target.connector?.id ?? null) !== (source.connector?.id ?? null)) {
    throw refuse(
      '/target',
      'The two databases are registered with different connectors',
      'Register the target with the connector of the source.',
    );
  }
  return target;
}

async function ask(
  file: BlueGreenFile,
  { databaseId, schema }: { databaseId: string; schema: string },
): Promise<{ asked: Asked; source: DatabaseRecord; kept: string[] }> {
  const source = await findDatabase(databaseId);
  const target = await targetOf(file, source);
  const urls = {
    blue: await connectionString(source.secretArn),
    green: await connectionString(target.secretArn),
  };
  return withSides(urls, ['move', 'plan'], async ({ blue, green }) => {
    const { rows } = await blue.session.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
    if (rows.length === 0) {
      throw new SchemaNotFound(`Database ${source.name} has no schema ${schema}`, {
        problems: [{ pointer: '/body/schema', detail: `There is no schema ${schema}` }],
        action: 'Name a schema of the source.',
      });
    }
    const shape = await readShape(blue.session, schema);
    const asked = {
      file,
      schema,
      source: source.name,
      target: { id: target.id, name: target.name },
      blue: await readFacts(blue.session, schema),
      green: await readFacts(green.session, schema),
    };
    const kept = shape.objects.flatMap((one) =>
      one.kind === 'kept_column' ? [`${one.table}.${one.name}`] : [],
    );
    return { asked, source, kept };
  });
}

/** What a file means for the two databases as they are now. Changes nothing. */
export async function planMove(
  file: BlueGreenFile,
  about: { databaseId: string; schema: string },
): Promise<Plan> {
  const { asked, source } = await ask(file, about);
  return createBlueGreenPlan(asked, await hooksOf(source));
}

/** What stands in the way of a plan today. */
export async function problemsOfMove(
  plan: Plan,
  about: { databaseId: string; schema: string },
): Promise<Finding[]> {
  if (plan.blueGreen === undefined) return [];
  const { target, maxLagBytes, hooks = [] } = plan.blueGreen;
  const tables = plan.tables.map(({ table }) => table.name);
  const { asked, source, kept } = await ask(
    {
      name: plan.name,
      strategy: 'blue_green',
      target: target.id,
      max_slot_lag_bytes: maxLagBytes,
      ...(tables.length === 0 ? {} : { tables }),
    },
    about,
  );
  return [...findProblems(asked), ...keptColumns(kept), ...outOfReach(source, hooks)];
}

/** The secret that signs is in the platform's own account. */
const outOfReach = ({ name, connector }: DatabaseRecord, hooks: Hook[]): Finding[] =>
  connector === null || hooks.length === 0
    ? []
    : [
        {
          code: 'hook_connector',
          problem: `${name} is reached through a connector, which cannot sign what it sends to ${hooks.map(({ url }) => url).join(', ')}`,
          action: 'Let the webhook hear database.switched instead of switch.before and switch.after.',
        },
      ];

const keptColumns = (kept: string[]): Finding[] =>
  kept.length === 0
    ? []
    : [
        {
          code: 'migration_not_removed',
          problem: `A migration whose undo window is open keeps columns that clients do not see: ${kept.slice(0, 5).join(', ')}`,
          action: 'Wait until its undo window has ended, or undo it first.',
        },
      ];
