import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of flags by its file under tasks/ (`api` is functions/flags/api.ts). */
export const flagFunctions = {
  // A document of 2 MB, compiled and evaluated, wants a whole processor.
  api: control(29, 1_769),
  'sweep-flags': control(120, 512),
  'detect-flag-drift': control(120, 512),
  // AppConfig waits 15 s at most for what validates.
  'validate-document': control(14, 1_769),
  'set-flag': control(55, 1_024),
  'sweep-flag-use': control(120, 512),
  'look-at-rollout': control(55, 512),
  'set-rollout-percentage': control(55, 1_024),
  'await-rollout': control(30, 512),
  'take-back-rollout': control(55, 1_024),
  'end-rollout': control(30),
  'record-rollout-failure': control(30),
  'reconcile-rollouts': control(120, 512),
} as const satisfies Record<string, FunctionFacts>;
