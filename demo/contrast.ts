import type { RunningApplication } from './applications.ts';
import { trafficBetween } from './figures.ts';
import type { Measurements } from './report.ts';
import { withClient } from './stage.ts';

const statement = 'ALTER TABLE orders ALTER COLUMN amount TYPE bigint';

/** What one plain statement does to the same traffic on the same table: how long it held it and how requests fared. */
export async function measureContrast(
  url: string,
  application: RunningApplication,
  sleep: (ms: number) => Promise<void>,
): Promise<Measurements['contrast']> {
  await sleep(3_000);
  const [from, durationMs] = await withClient(url, async (client): Promise<[number, number]> => {
    const began = Date.now();
    await client.query(statement);
    return [began, Date.now() - began];
  });
  await sleep(3_000);
  return {
    statement,
    durationMs,
    from: from - 3_000,
    seconds: application.seconds,
    traffic: trafficBetween(application.seconds, from - 1_000, Date.now() + 1),
  };
}
