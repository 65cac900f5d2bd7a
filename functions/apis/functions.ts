import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of apis by its file under tasks/ (`api` is functions/apis/api.ts). */
export const apiFunctions = {
  // Two descriptions of 20 MB, read and compared, want memory and a whole processor.
  api: control(29, 3_008),
  'describe-api': control(20),
  'sweep-apis': control(120, 512),
} as const satisfies Record<string, FunctionFacts>;
