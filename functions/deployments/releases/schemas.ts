import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { DeploymentEvent, DeploymentId, DeploymentStatus, NewDeployment } from '../schemas.ts';

// What a person sends and sees of releases; what is stored is in records.ts.

export const ReleaseId = z.string().regex(/^rel_[A-Za-z0-9]{1,40}$/, 'Expected the id of a release');

/** A deployment as part of a release: the release keeps the old version, and is approved, as a whole. */
export const ReleaseMember = NewDeployment.omit({ keepBlueSeconds: true, approval: true }).meta({
  id: 'ReleaseMember',
});
export type ReleaseMember = z.infer<typeof ReleaseMember>;

const Flag = z.strictObject({
  flag: z.string().min(1).max(200),
  from: z.json().optional().describe('The old value, for `url`; a flag of the platform becomes what it was'),
  to: z
    .json()
    .describe('The new value; of the platform: { variant }, { percentage, variant, rest } or { enabled }'),
  when: z.enum(['before', 'after']).default('after').describe('All members have moved'),
});

const VariantName = z.string().min(1).max(256);
/** What becomes of a flag of the platform. */
const FlagSetting = z.union([
  z.strictObject({ variant: VariantName }),
  z.strictObject({
    percentage: z.number().min(0).max(100),
    variant: VariantName.optional(),
    rest: VariantName.optional(),
  }),
  z.strictObject({ enabled: z.boolean() }),
]);

/** Flags of a URL, or of an environment of the platform: each has what the other has not. */
const ReleaseFlags = z
  .strictObject({
    url: z
      .string()
      .max(2_000)
      .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'Expected http://… or https://…')
      .optional()
      .describe('Asked by a signed POST to set a flag; any answer of 200 to 299 says it is set'),
    environment: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Of the platform’s own flags, in place of a URL'),
    changes: z
      .array(Flag)
      .min(1)
      .max(20)
      .refine((flags) => new Set(flags.map(({ flag }) => flag)).size === flags.length, 'Flags must differ'),
  })
  .superRefine(({ url, environment, changes }, { addIssue }) => {
    const say = (path: (string | number)[], message: string) => addIssue({ code: 'custom', path, message });
    if ((url === undefined) === (environment === undefined))
      return say([], 'Expected either url, or environment for flags of the platform');
    for (const [at, { from, to }] of changes.entries()) {
      if (environment === undefined) {
        if (from === undefined) say(['changes', at, 'from'], 'Expected the old value, which the URL is told');
        continue;
      }
      if (from !== undefined)
        say(['changes', at, 'from'], 'Expected nothing: the platform knows what the flag was');
      if (!FlagSetting.safeParse(to).success)
        say(['changes', at, 'to'], 'Expected { variant }, { percentage, variant, rest } or { enabled }');
    }
  })
  .meta({ id: 'ReleaseFlags' });

export const NewRelease = z
  .strictObject({
    name: z.string().min(1).max(200).optional(),
    services: z
      .array(ReleaseMember)
      .min(1)
      .max(20)
      .refine(
        (members) => new Set(members.map(({ service }) => service)).size === members.length,
        'A service may be there once',
      ),
    atOnce: z.int().min(1).max(10).default(5).describe('Members that move at the same time, at most'),
    flags: ReleaseFlags.optional(),
    keepSeconds: z
      .int()
      .min(0)
      .max(1_209_600)
      .default(3_600)
      .describe('How long all old versions are kept after the last member moved'),
    approval: z.boolean().default(false).describe('Somebody has to approve it before anything is done'),
    comment: z.string().min(1).max(500).optional(),
  })
  .meta({ id: 'NewRelease' });
export type NewRelease = z.infer<typeof NewRelease>;

export const ReleaseStatus = z.enum([
  'waiting_for_approval',
  'running',
  'keeping',
  'rolling_back',
  'completed',
  'rolled_back',
  'needs_attention',
]);
export type ReleaseStatus = z.infer<typeof ReleaseStatus>;

export const ReleaseAction = z.enum(['approve', 'abort', 'rollback', 'finish']);
export type ReleaseAction = z.infer<typeof ReleaseAction>;

export const FlagStanding = Flag.extend({
  state: z.enum(['old', 'new', 'unknown']),
  problem: z.string().nullable(),
});
export type FlagStanding = z.infer<typeof FlagStanding>;

export const ReleaseFailure = z.strictObject({
  name: z.string(),
  message: z.string(),
  action: z.string().nullable(),
  at: z.iso.datetime(),
});

export const ReleasePlan = z
  .strictObject({
    waves: z.array(z.array(z.string())).describe('Services that move together, one wave after the other'),
    members: z.array(
      z.strictObject({
        service: z.string(),
        version: z.string(),
        from: z.string().nullable(),
        accepted: z.string().nullable().describe('What it breaks, and why that does no harm'),
      }),
    ),
    flags: z.array(Flag),
  })
  .meta({ id: 'ReleasePlan' });
export type ReleasePlan = z.infer<typeof ReleasePlan>;

export const Release = z
  .strictObject({
    id: ReleaseId,
    name: z.string().nullable(),
    status: ReleaseStatus,
    waves: z.array(z.array(z.string())),
    wave: z.int().nullable().describe('The last that was begun'),
    members: z.array(
      z.strictObject({
        service: z.string(),
        version: z.string(),
        from: z.string().nullable(),
        wave: z.int(),
        deployment: DeploymentId,
        status: DeploymentStatus.nullable().describe('null: not begun'),
        percent: z.int().nullable().describe('Of the traffic, decided last'),
        failure: z.string().nullable(),
      }),
    ),
    flags: z.array(FlagStanding),
    failure: ReleaseFailure.nullable(),
    needs: z.array(z.string()).describe('What is not as it should be'),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    keepsUntil: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    next: z.array(z.strictObject({ action: ReleaseAction, path: z.string(), command: z.string() })),
    request: NewRelease,
  })
  .meta({ id: 'Release' });
export type Release = z.infer<typeof Release>;
export const ReleasePage = pageOf(Release).meta({ id: 'ReleasePage' });
export const ReleaseEvent = DeploymentEvent;

/** What every task of the workflow is told. */
export const TaskOfRelease = z.strictObject({ releaseId: ReleaseId, execution: z.string().min(1) });
export type TaskOfRelease = z.infer<typeof TaskOfRelease>;
