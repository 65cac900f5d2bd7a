import { control, type FunctionFacts } from '#platform/function-facts.ts';

const data = (timeoutSeconds: number): FunctionFacts => ({ plane: 'data', timeoutSeconds, memoryMb: 512 });
/** Longest that Lambda allows; what works through rows or waits for long statements uses all of it. */
const longest = 900;

/**
 * Every function of migrations by its file under tasks/ (`api` is functions/migrations/api.ts).
 * Both the CDK slice and the laptop read this list.
 */
export const migrationFunctions = {
  'inspect-database': data(30),
  'check-schema': data(120),
  'import-history': data(120),
  'plan-migration': data(120),
  'validate-migration': data(longest),
  'acquire-lock': data(60),
  'back-up-definitions': data(120),
  expand: data(180),
  'plan-ranges': data(180),
  'backfill-range': data(longest),
  'load-range': data(longest),
  'compare-range': data(longest),
  'list-errors': data(30),
  'redrive-errors': data(60),
  'build-indexes': data(longest),
  'add-constraints': data(longest),
  'verify-range': data(longest),
  publish: data(180),
  contract: data(longest),
  'complete-migration': data(60),
  revert: data(longest),
  'restore-constraints': data(longest),
  'count-losses': data(longest),
  'back-up-rows': data(longest),
  remove: data(longest),
  'restore-rows': data(longest),
  'verify-backup': data(longest),
  'eject-script': data(60),
  'rehearse-migration': data(longest),
  'copy-to-green': data(longest),
  'follow-blue': data(longest),
  'compare-sides': data(longest),
  'switch-to-green': data(300),
  'watch-soak': data(longest),
  'switch-back': data(300),
  'part-sides': data(longest),
  'list-schemas': data(30),
  'migrate-fleet-targets': data(longest),
  'request-approval': control(30),
  'await-resume': control(30),
  'await-completion': control(30),
  'schedule-removal': control(30),
  'record-failure': control(30),
  'steer-fleet': control(120),
  'await-fleet': control(30),
  'start-fleet-target': control(30),
  'settle-fleet-targets': control(120),
  reconcile: control(300),
  'publish-events': control(120),
  'watch-migrations': control(120),
  'deliver-webhooks': control(120),
  'detect-drift': control(300),
  api: control(29),
} as const satisfies Record<string, FunctionFacts>;

export type FunctionName = keyof typeof migrationFunctions;

/** How long a lease is held past its last renewal, ms; longer than any state's TimeoutSeconds. */
export const leaseMs = 1_200_000;

/** `back-up-rows` → `backUpRows`: how a connector's functions are named in data. */
export function camelName(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** What every connector must have, by task in camelCase. */
export const connectorFunctions: readonly string[] = Object.entries(migrationFunctions).flatMap(
  ([name, { plane }]) => (plane === 'data' ? [camelName(name)] : []),
);
