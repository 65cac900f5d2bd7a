import type { DatabaseRecord } from '../records.ts';
import type { FleetTarget } from './records.ts';
import type { FleetSelection } from './schemas.ts';

/** Whether a database has every one of these labels. */
export const hasLabels = (
  database: Pick<DatabaseRecord, 'labels'>,
  labels: Record<string, string>,
): boolean => Object.entries(labels).every(([name, value]) => database.labels[name] === value);

/** Whether a selection names this database. */
export function chooses(
  { databases, labels }: Pick<FleetSelection, 'databases' | 'labels'>,
  database: Pick<DatabaseRecord, 'id' | 'name' | 'labels'>,
): boolean {
  if (databases !== undefined && !databases.includes(database.id) && !databases.includes(database.name)) {
    return false;
  }
  return labels === undefined || hasLabels(database, labels);
}

/** Why a target is left out; undefined when it is not. The first exclusion that fits counts. */
export function exclusionOf(
  exclude: FleetSelection['exclude'],
  database: Pick<DatabaseRecord, 'id' | 'name' | 'labels'>,
  schema: string,
): string | undefined {
  return exclude.find(
    (one) =>
      (one.database === undefined || one.database === database.id || one.database === database.name) &&
      (one.labels === undefined || hasLabels(database, one.labels)) &&
      (one.schema === undefined || one.schema === schema),
  )?.reason;
}

/** The targets in one database, in the order of their schemas; their places in the list are given later. */
export function targetsIn(
  database: Pick<DatabaseRecord, 'id' | 'name' | 'labels'>,
  schemas: readonly string[],
  exclude: FleetSelection['exclude'],
): Omit<FleetTarget, 'index'>[] {
  return schemas.map((schema) => {
    const excluded = exclusionOf(exclude, database, schema);
    return {
      databaseId: database.id,
      database: database.name,
      schema,
      ...(excluded === undefined ? {} : { excluded }),
    };
  });
}
