import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of services by its file under tasks/ (`api` is functions/services/api.ts). */
export const serviceFunctions = {
  // Comparing contracts of 500 endpoints wants a whole processor.
  api: control(29, 1_024),
  'describe-version': control(20),
  'describe-service': control(20),
  'compare-versions': control(29, 1_024),
  'probe-instances': control(55, 512),
} as const satisfies Record<string, FunctionFacts>;
