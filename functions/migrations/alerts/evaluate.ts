import type { Metric, Reading } from '../monitoring/metrics.ts';
import type { AlertState, Comparison, Level } from './state.ts';

/** What of a rule decides. A null threshold is never passed. */
export interface Watching {
  name: string;
  metric: Metric;
  comparison: Comparison;
  warning: number | null;
  critical: number | null;
  /** How long a threshold must be passed before it fires, s. */
  forSeconds: number;
}

export interface Look {
  reading: Reading;
  /** Epoch ms. */
  now: number;
}

/** What fires is over only when the value is this share of the threshold on its good side: no flapping at the line. */
export const MARGIN = 0.1;
/** Between two looks further apart than this nothing is known, ms: what is pending begins anew. */
export const LONGEST_GAP_MS = 180_000;

const quiet: Level = { since: null, firing: false };

const passes = (value: number, threshold: number, comparison: Comparison): boolean =>
  comparison === 'above' ? value >= threshold : value <= threshold;

/** Good again: behind the threshold, and by the margin. */
function recovered(value: number, threshold: number, comparison: Comparison): boolean {
  const margin = Math.abs(threshold) * MARGIN;
  return comparison === 'above' ? value < threshold - margin : value > threshold + margin;
}

/**
 * One threshold after a look. It fires when it was passed at every look for `forMs`, none of them missing and no two
 * too far apart (`gap`). A missing value ends what is pending and leaves what fires; an idle metric ends both.
 */
export function nextLevel(
  level: Level,
  threshold: number | null,
  { comparison, forMs, gap }: { comparison: Comparison; forMs: number; gap: boolean },
  { reading, now }: Look,
): Level {
  if (threshold === null || reading.state === 'idle') return quiet;
  if (reading.state === 'missing') return level.firing ? level : quiet;
  if (passes(reading.value, threshold, comparison)) {
    const since = level.since === null || (gap && !level.firing) ? now : level.since;
    return { since, firing: level.firing || now - since >= forMs };
  }
  if (!level.firing || recovered(reading.value, threshold, comparison)) return quiet;
  return level;
}

/** What a rule says of a migration after a look; undefined: all is well. `former` is what it said before. */
export function nextAlert(
  rule: Watching,
  former: AlertState | undefined,
  look: Look,
): AlertState | undefined {
  const { reading, now } = look;
  const how = {
    comparison: rule.comparison,
    forMs: rule.forSeconds * 1_000,
    gap: former !== undefined && now - former.lookedAt > LONGEST_GAP_MS,
  };
  const warning = nextLevel(former?.warning ?? quiet, rule.warning, how, look);
  const critical = nextLevel(former?.critical ?? quiet, rule.critical, how, look);
  const severity = critical.firing ? 'critical' : warning.firing ? 'warning' : null;
  if (severity === null && warning.since === null && critical.since === null) return undefined;
  return {
    rule: rule.name,
    metric: rule.metric,
    warning,
    critical,
    severity,
    firedAt: severity === null ? null : (former?.firedAt ?? now),
    value: reading.state === 'known' ? reading.value : (former?.value ?? null),
    missing: reading.state === 'missing' ? reading.why : null,
    lookedAt: now,
  };
}
