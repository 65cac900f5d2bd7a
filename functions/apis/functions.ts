import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of apis by its file under tasks/ (`api` is functions/apis/api.ts). */
export const apiFunctions = {
  // Two descriptions of 20 MB, read and compared, want memory and a whole processor.
  api: control(29, 3_008),
  'describe-api': control(20),
  'sweep-apis': control(120, 512),
  'check-progress': control(60),
  // The description of a version, for the elements that are named.
  'validate-deprecation': control(40, 1_024),
  'analyse-usage': control(40),
  'announce-deprecation': control(60),
  'tell-consumers': control(60),
  'announce-brownout': control(60),
  'watch-brownout': control(60),
  'extend-deprecation': control(20),
  'remove-version': control(60),
  'end-deprecation': control(60),
  'rest-deprecation': control(20),
  'record-deprecation-failure': control(20),
  'reconcile-deprecations': control(120),
  'publish-deprecation-events': control(120),
  'deliver-notices': control(300),
} as const satisfies Record<string, FunctionFacts>;
