import type { TargetKind } from './schemas.ts';

/** What a kind of target can do besides giving all traffic to one of two versions. */
export interface Abilities {
  /** Whether requests with a header, or of some tenants, can go to green alone. */
  headerCanary: boolean;
  tenantCanary: boolean;
  /** Whether any percentage is possible; without it there is only all at once. */
  steps: boolean;
}

/** Apart from what the targets do, so that who only asks needs no rights on them. */
export const abilities: Record<TargetKind, Abilities> = {
  http: { headerCanary: true, tenantCanary: true, steps: true },
  'lambda-alias': { headerCanary: false, tenantCanary: false, steps: true },
  alb: { headerCanary: true, tenantCanary: false, steps: true },
  ecs: { headerCanary: true, tenantCanary: false, steps: true },
};
