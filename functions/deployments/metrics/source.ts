import { nothing, type Sample } from '#judge/samples.ts';
import { TheseusError } from '#platform/errors.ts';
import { redactText } from '#platform/redact.ts';
import { readCloudWatch } from './cloudwatch.ts';
import { readGateway } from './gateway.ts';
import { readHttpQuery } from './http-query.ts';
import type { Question } from './question.ts';
import type { MetricSource } from './schemas.ts';

function readOne(source: MetricSource, question: Question): Promise<Sample[]> {
  switch (source.kind) {
    case 'gateway':
      return readGateway(question);
    case 'cloudwatch':
      return readCloudWatch(source, question);
    case 'http-query':
      return readHttpQuery(source, question);
  }
}

/** What went wrong, without what is secret and short enough to be kept with the sample. */
function problemOf({ kind }: MetricSource, error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const action = error instanceof TheseusError && error.action !== undefined ? `. ${error.action}` : '';
  return redactText(`${kind}: ${said}${action}`).slice(0, 500);
}

/**
 * The samples of all sources for the time asked, the oldest first. Asked for one stretch of time after the other, each
 * beginning where the last one ended, every source tells everything once; what is not there yet is told in a later
 * stretch. A source that fails is a sample without data that says why: never a success, and never an error of this.
 */
export async function readSamples(sources: readonly MetricSource[], question: Question): Promise<Sample[]> {
  const read = await Promise.all(
    sources.map(async (source): Promise<Sample[]> => {
      try {
        return await readOne(source, question);
      } catch (error) {
        const { from, to } = question;
        return [{ from, to, baseline: nothing, canary: nothing, problem: problemOf(source, error) }];
      }
    }),
  );
  return read.flat().sort((one, other) => Date.parse(one.to) - Date.parse(other.to));
}
