import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { colours, print } from '../../cli/output.ts';
import type { Curtain } from '../curtain.ts';
import { type RunningService, runService } from '../service-process.ts';
import type { Answer } from './client.ts';
import { type Consumer, startConsumer, type Tally } from './consumers.ts';
import type { Spoken } from './description.ts';
import { type MovedPlatform, startMovedPlatform } from './platform.ts';
import { type Message, type Receiver, startReceiver } from './receiver.ts';

export const directoryName = '.theseus/demo-deprecation';

/** All that plays: the platform, the service behind it, and its consumers with their receivers. */
export interface Stage {
  platform: MovedPlatform;
  service: RunningService;
  receiver: Receiver;
  consumers: Map<string, Consumer>;
  /** By consumer, once they are known. */
  secrets: Map<string, string>;
  enter(
    consumer: string,
    spoken: Spoken,
    react?: (answer: Answer, tally: Tally) => string | undefined,
  ): Consumer;
  /** Prints a line with the date of the platform. */
  say(text: string): void;
  /** Prints what consumers were told since it was called last. */
  sayTold(): void;
}

const relationsIn = (link: string): string =>
  [...link.matchAll(/rel="([^"]+)"/g)].map(([, relation]) => relation).join(', ');

/** What a consumer sees, in a line. */
function seen(consumer: string, { spoken, status, deprecation, sunset, link, problem }: Answer): string {
  const answered = problem === null ? colours.green(String(status)) : colours.yellow(`${status} ${problem}`);
  const headers = [
    ...(deprecation === null ? [] : [`Deprecation: ${deprecation}`]),
    ...(sunset === null ? [] : [`Sunset: ${sunset}`]),
    ...(link === null ? [] : [`Link: ${relationsIn(link)}`]),
  ];
  const more = headers.length === 0 ? '' : `  ${colours.dim(headers.join('  '))}`;
  return `  ${colours.cyan(consumer.padEnd(8))} sees ${spoken} ${answered}${more}`;
}

/** Starts everything that plays; the curtain ends it. `rate` is the requests a second of each consumer. */
export async function openStage(curtain: Curtain, rate: number): Promise<Stage> {
  const directory = resolve(directoryName);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const platform = await startMovedPlatform(directory, curtain.fallen);
  curtain.before(() => platform.stop());
  const service = await runService(new URL('./service.ts', import.meta.url), {}, 'The shop');
  curtain.before(() => service.stop());
  const say = (text: string) => {
    const time = new Date(platform.now()).toISOString().slice(0, 16).replace('T', ' ');
    print(`${colours.dim(time)}  ${text}`);
  };
  /** Who was told what, and not printed yet. */
  const told = new Map<string, string[]>();
  function sayTold(): void {
    for (const [title, names] of told)
      say(`  ✉ ${title} ${colours.dim(`(told: ${names.toSorted().join(', ')})`)}`);
    told.clear();
  }
  const secrets = new Map<string, string>();
  const consumers = new Map<string, Consumer>();
  const receiver = await startReceiver({
    secretOf: (consumer) => secrets.get(consumer),
    now: platform.now,
    told(consumer, { type, data }: Message) {
      consumers.get(consumer)?.tally.told.push(type.replace('deprecation.', ''));
      told.set(data.title, [...(told.get(data.title) ?? []), consumer]);
    },
  });
  curtain.before(() => receiver.close());
  return {
    platform,
    service,
    receiver,
    consumers,
    secrets,
    say,
    sayTold,
    enter(consumer, spoken, react) {
      const started = startConsumer({
        consumer,
        spoken,
        gatewayUrl: platform.gatewayUrl,
        requestsPerSecond: rate,
        today: platform.today,
        saw: (answer) => say(seen(consumer, answer)),
        ...(react === undefined ? {} : { react }),
      });
      consumers.set(consumer, started);
      curtain.before(() => started.stop());
      return started;
    },
  };
}
