import { z } from 'zod';
import { Canary } from './targets/schemas.ts';

// How traffic moves from blue to green: what a person may ask for, and the steps it comes to. Computes only.

const HoldSeconds = z.int().min(0).max(604_800).describe('How long traffic stays so before the next step');

const Rising = z
  .array(z.strictObject({ percent: z.int().min(1).max(99), holdSeconds: HoldSeconds }))
  .min(1)
  .max(20)
  .refine((steps) => steps.every(({ percent }, at) => percent > (steps[at - 1]?.percent ?? 0)), {
    error: 'Expected percentages that rise from step to step',
  });

const OwnStrategy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('blue_green') }),
  z.strictObject({ kind: z.literal('canary'), steps: Rising.describe('Before the last, which is 100 %') }),
  z.strictObject({
    kind: z.literal('linear'),
    percentPerStep: z.int().min(5).max(50),
    holdSeconds: HoldSeconds,
  }),
]);
type OwnStrategy = z.infer<typeof OwnStrategy>;

/** The names that CodeDeploy has for them. */
const Preset = z.enum([
  'AllAtOnce',
  'Canary10Percent5Minutes',
  'Canary10Percent10Minutes',
  'Canary10Percent15Minutes',
  'Canary10Percent30Minutes',
  'Linear10PercentEvery1Minute',
  'Linear10PercentEvery2Minutes',
  'Linear10PercentEvery3Minutes',
  'Linear10PercentEvery10Minutes',
]);

export const Strategy = z
  .union([
    z
      .string()
      .pipe(
        z.enum(Preset.options, { error: `Unknown strategy; expected one of ${Preset.options.join(', ')}` }),
      ),
    OwnStrategy,
  ])
  .meta({ id: 'DeploymentStrategy' });
export type Strategy = z.infer<typeof Strategy>;

function ownStrategyOf(strategy: Strategy): OwnStrategy {
  if (typeof strategy !== 'string') return strategy;
  const [, kind, percent, minutes] =
    /^(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?$/.exec(strategy) ?? [];
  const holdSeconds = Number(minutes) * 60;
  if (kind === 'Canary') return { kind: 'canary', steps: [{ percent: Number(percent), holdSeconds }] };
  if (kind === 'Linear') return { kind: 'linear', percentPerStep: Number(percent), holdSeconds };
  return { kind: 'blue_green' };
}

/** `first`: only those whom the canaries name. `bake`: all of it, and watched. */
export const Step = z
  .strictObject({
    kind: z.enum(['first', 'step', 'bake']),
    percent: z.int().min(0).max(100),
    canaries: z.array(Canary),
    holdSeconds: z.int().min(0),
  })
  .meta({ id: 'DeploymentStep' });
export type Step = z.infer<typeof Step>;

/** What is asked of the steps. */
export interface Wanted {
  strategy: Strategy;
  first: { canaries: Canary[]; holdSeconds: number } | null;
  bakeSeconds: number;
}

/** The steps in order; the last has all the traffic. Without a blue version there is nothing to split with: one step. */
export function stepsOf({ strategy, first, bakeSeconds }: Wanted, hasBlue: boolean): Step[] {
  const bake: Step = { kind: 'bake', percent: 100, canaries: [], holdSeconds: bakeSeconds };
  if (!hasBlue) return [bake];
  const canaries = first?.canaries ?? [];
  const between = percentages(ownStrategyOf(strategy)).map(
    ({ percent, holdSeconds }): Step => ({ kind: 'step', percent, canaries, holdSeconds }),
  );
  return [
    ...(first === null
      ? []
      : [{ kind: 'first' as const, percent: 0, canaries, holdSeconds: first.holdSeconds }]),
    ...between,
    bake,
  ];
}

function percentages(strategy: OwnStrategy): { percent: number; holdSeconds: number }[] {
  if (strategy.kind === 'blue_green') return [];
  if (strategy.kind === 'canary') return strategy.steps;
  const { percentPerStep, holdSeconds } = strategy;
  const count = Math.ceil(100 / percentPerStep) - 1;
  return Array.from({ length: count }, (_, at) => ({ percent: (at + 1) * percentPerStep, holdSeconds }));
}

/** How long all steps take when nothing makes them longer, s. */
export const secondsOf = (steps: readonly Step[]): number =>
  steps.reduce((sum, { holdSeconds }) => sum + holdSeconds, 0);

/** Looks of a whole deployment that the history of one execution has room for. */
const mostLooks = 400;

/** Seconds between two looks: as asked, and longer where the steps take so long that there would be too many. */
export const lookSeconds = (intervalSeconds: number, steps: readonly Step[]): number =>
  Math.max(1, intervalSeconds, Math.ceil(secondsOf(steps) / mostLooks));
