import { TheseusError } from '#platform/errors.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import type { RolloutHealth } from './schemas.ts';

const answerMs = 5_000;

/** Addresses in private networks are those of services where the platform was told that they live there. */
export const reaches = () => ({ privateNetworks: process.env.THESEUS_PRIVATE_ENDPOINTS === 'allowed' });

async function ask(url: string): Promise<RolloutHealth> {
  try {
    const { status, durationMs } = await exchange({
      method: 'GET',
      url,
      headers: { 'user-agent': 'theseus' },
      timeoutMs: answerMs,
      reaches: reaches(),
    });
    return { url, well: status < 400, detail: `${status} in ${durationMs} ms` };
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    return { url, well: false, detail: error.message.slice(0, 300) };
  }
}

/** Asks each URL whether it is well. */
export const askHealth = (urls: readonly string[]): Promise<RolloutHealth[]> => Promise.all(urls.map(ask));

/** So many looks in a row find something ill before it counts: one may be chance. */
const illLooks = 2;

/** What is ill for long enough to count, in words; null: nothing. */
export function illOf(health: readonly RolloutHealth[], inRow: number): string | null {
  const ill = health.filter(({ well }) => !well);
  if (ill.length === 0 || inRow < illLooks) return null;
  return `Not well, ${inRow} looks in a row: ${ill.map(({ url, detail }) => `${url} ${detail}`).join(', ')}`;
}
