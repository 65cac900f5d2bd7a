import type { AlertRule } from './schemas.ts';

const usual = {
  comparison: 'above',
  forSeconds: 0,
  database: null,
  labels: {},
  action: 'none',
  enabled: true,
  source: 'default',
  updatedAt: null,
  updatedBy: null,
} as const;

/** The rules that come with the platform. Each can be changed or switched off, none of them pauses anything. */
export const defaultRules: readonly AlertRule[] = [
  {
    // The pace keeps twice the usual p99 by itself: this is about what it cannot hold.
    ...usual,
    name: 'application-slow',
    metric: 'p99_ratio',
    warning: 3,
    critical: 10,
    forSeconds: 300,
  },
  {
    ...usual,
    name: 'decision-awaited',
    metric: 'waiting_seconds',
    warning: 4 * 3_600,
    critical: 24 * 3_600,
  },
  { ...usual, name: 'errors', metric: 'error_rate', warning: 0.001, critical: 0.05 },
  { ...usual, name: 'lock-waits', metric: 'lock_wait_share', warning: 0.2, critical: 0.5, forSeconds: 300 },
  { ...usual, name: 'no-progress', metric: 'seconds_without_progress', warning: 600, critical: 1_800 },
  {
    // The pace keeps it below 2 s by itself.
    ...usual,
    name: 'replication-lag',
    metric: 'replication_lag_ms',
    warning: 10_000,
    critical: 60_000,
    forSeconds: 120,
  },
  { ...usual, name: 'soak-overdue', metric: 'soak_overdue_seconds', warning: 300, critical: 3_600 },
];
