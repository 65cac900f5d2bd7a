import { readHistory } from '../../local/step-functions/history.ts';
import type { Platform } from './harness.ts';

const mostEvents = 10_000;
const mostBytes = 16 * 1024;

/** Lines about executions whose history or payloads are larger than they may be; empty when all are modest. */
export function immodest({ cloud: { engine } }: Platform): string[] {
  return [...engine.catalogue.executions.keys()].flatMap((arn) => {
    const events = readHistory(engine.journalFile(arn));
    const long = events.length > mostEvents ? [`${arn} has ${events.length} events`] : [];
    const large = events.flatMap((event) =>
      textsIn(event)
        .filter((text) => Buffer.byteLength(text) > mostBytes)
        .map((text) => `${arn}, ${event.type}: ${Buffer.byteLength(text)} bytes`),
    );
    return [...long, ...large];
  });
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
