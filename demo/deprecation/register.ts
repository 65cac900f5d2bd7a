import { z } from 'zod';
import { colours } from '../../cli/output.ts';
import { api, byHand, descriptionOf, versions } from './description.ts';
import type { Stage } from './stage.ts';

// The two versions of the shop as their owners register them, and what leads from the one to the other.

/** Half a year, three reminders, brownouts that grow; whoever still uses it at its end is asked. */
export const policy = {
  noticeDays: 180,
  remindDays: [90, 30, 7],
  extensions: { max: 1, days: 30 },
  brownouts: [
    { hours: 1, gapDays: 7 },
    { hours: 4, gapDays: 7 },
    { hours: 24, gapDays: 7 },
  ],
  brownoutNoticeDays: 7,
  consent: 'required',
  harm: { refused: 15, exemptErrors: 10 },
};

/** Where the platform shows how to move, to whoever has the link. */
export const guideOf = ({ platform }: Stage): string =>
  `${platform.url}/apis/documents/${api}/${versions.old}..${versions.new}/guide`;

const Comparison = z.looseObject({
  counts: z.looseObject({ breaking: z.int() }),
  changes: z.array(
    z.looseObject({
      level: z.string(),
      rule: z.string(),
      message: z.string(),
      place: z.looseObject({ endpoint: z.string().default('') }),
    }),
  ),
});
const Derived = z.looseObject({
  changes: z.array(z.looseObject({ id: z.string(), description: z.string() })),
  open: z.array(z.looseObject({ endpoint: z.string(), pointer: z.string(), reason: z.string() })),
});
const Tried = z.looseObject({
  roundTrip: z.looseObject({ documents: z.int(), failures: z.array(z.unknown()) }).nullable(),
});

const shownChanges = 5;

/** Breaking changes, one of each rule. */
const oneOfEach = ({ changes }: z.infer<typeof Comparison>) =>
  [
    ...Map.groupBy(
      changes.filter(({ level }) => level === 'breaking'),
      ({ rule }) => rule,
    ).values(),
  ]
    .flatMap(([first]) => first ?? [])
    .slice(0, shownChanges);

export interface Registered {
  breaking: number;
  /** Changes that were derived, and parts that were left open. */
  derived: number;
  open: number;
  /** Documents that the changes were tried on. */
  documents: number;
}

async function registerVersion({ platform: { ask } }: Stage, spoken: 'v1' | 'v2') {
  const version = spoken === 'v1' ? versions.old : versions.new;
  return ask({
    method: 'POST',
    path: `/apis/${api}/versions`,
    body: { version, description: descriptionOf(spoken) },
    answer: z.looseObject({ comparison: Comparison }),
  });
}

/** Registers the API with both versions, and the changes between them: derived where that is mechanical, the rest by hand. */
export async function registerApi(stage: Stage): Promise<Registered> {
  const { platform, service, say } = stage;
  const { ask } = platform;
  const put = (path: string, body: object) => ask({ method: 'PUT', path, body, answer: z.unknown() });
  await put(`/apis/${api}`, {
    kind: 'openapi',
    service: api,
    choice: { by: 'path', template: '/v{version}' },
    publicDocuments: true,
  });
  await put(`/apis/${api}/policies/half-a-year`, policy);
  const target = { kind: 'http', urls: [service.url] };
  await put(`/gateway/routes/${api}`, { targets: [{ version: versions.new, percent: 100, target }] });
  await registerVersion(stage, 'v1');
  const { comparison } = await registerVersion(stage, 'v2');
  say(
    `${api} ${versions.new} breaks clients of ${versions.old} in ${comparison.counts.breaking} places, among them:`,
  );
  for (const { message, place } of oneOfEach(comparison))
    say(`  ${colours.red('✗')} ${place.endpoint}: ${message}`);

  const path = `/apis/${api}/versions/${versions.old}/changes`;
  const derived = await ask({ method: 'GET', path: `${path}/derived`, answer: Derived });
  say('The service knows the new version only. What leads from one to the other:');
  for (const description of new Set(derived.changes.map((one) => one.description)))
    say(`  ${colours.green('✓')} derived: ${description}`);
  for (const { endpoint, pointer, reason } of derived.open.slice(0, 1))
    say(`  ${colours.yellow('?')} left open: ${pointer} of ${endpoint}: ${reason}`);
  say(`  ${colours.green('✓')} by hand: ${byHand.description}`);
  const { roundTrip } = await ask({
    method: 'PUT',
    path,
    body: { changes: [...derived.changes, byHand] },
    answer: Tried,
  });
  const documents = roundTrip?.documents ?? 0;
  say(`  There and back on ${documents} documents made of the schemas: every one valid, nothing lost.`);
  return {
    breaking: comparison.counts.breaking,
    derived: derived.changes.length,
    open: derived.open.length,
    documents,
  };
}

/** Registers a consumer with its receiver, and gives the receiver the secret that it knows messages by. */
export async function registerConsumer(
  { platform: { ask }, receiver, secrets }: Stage,
  consumer: string,
): Promise<void> {
  const contacts = { webhook: receiver.urlOf(consumer), emails: [`${consumer}@consumers.example`] };
  await ask({
    method: 'PUT',
    path: `/apis/consumers/${consumer}`,
    body: { name: consumer, contacts },
    answer: z.unknown(),
  });
  const { secret } = await ask({
    method: 'POST',
    path: `/apis/consumers/${consumer}/webhook-secret`,
    answer: z.object({ secret: z.string() }),
  });
  secrets.set(consumer, secret);
}
