import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of configuration by its file under tasks/ (`api` is functions/configuration/api.ts). */
export const configurationFunctions = {
  // Thousands of values are held against their schemas in one request.
  api: control(29, 1_024),
  'take-update-slots': control(30),
  'validate-update': control(40, 512),
  'back-up-values': control(60),
  'await-update': control(30),
  'apply-update': control(60),
  'notify-services': control(60),
  'look-at-health': control(60),
  'record-update-failure': control(30),
  'roll-back-update': control(60),
  'end-update': control(30),
  'reconcile-updates': control(120),
  'sweep-updates': control(300),
  'publish-configuration': control(300),
  // A hundred times ten secrets, each opened and sealed by KMS.
  'reseal-secrets': control(150, 512),
  'record-reencryption-failure': control(20),
  'tend-secrets': control(60),
  'check-configuration-compliance': control(300, 512),
  'detect-configuration-drift': control(300, 512),
  'rotate-secrets': control(120, 512),
} as const satisfies Record<string, FunctionFacts>;
