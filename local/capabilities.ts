import { apis } from './capabilities/apis.ts';
import { configuration } from './capabilities/configuration.ts';
import { deployments } from './capabilities/deployments.ts';
import { flags } from './capabilities/flags.ts';
import { gateway } from './capabilities/gateway.ts';
import { migrations } from './capabilities/migrations.ts';
import { services } from './capabilities/services.ts';
import type { Capability } from './capability.ts';

/** Everything this laptop runs. */
export const capabilities: readonly Capability[] = [
  migrations,
  services,
  gateway,
  deployments,
  apis,
  flags,
  configuration,
];
