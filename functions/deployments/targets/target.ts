import type { Split, Target } from './schemas.ts';

/** What a target is told of the deployment it acts for. */
export interface Subject<T extends Target = Target> {
  /** The deployment's id; whoever holds the route holds it in this name. */
  deployment: string;
  service: string;
  /** The version of the service that comes, as it is registered. */
  version: string;
  target: T;
}

/** What createGreen made and found: stored with the deployment, handed to every later call, and read by nobody else. */
export type Made = Readonly<Record<string, unknown>>;

export interface Green {
  /** Who has the traffic now, in the target's own words (a version, a target group); null: nobody, this is the first. */
  blue: string | null;
  /** The same of what was made. */
  green: string;
  made: Made;
}

/** One thing that has to be well before it gets traffic. */
export interface Health {
  /** What a person knows it by: a URL, an instance, a function with its version. */
  endpoint: string;
  healthy: boolean;
  /** What was found: a status, a reason, how long it took. */
  detail: string;
}

/**
 * A kind of place where two versions stand side by side. Every call may come twice, or again after it was cut off in the
 * middle: the second one finishes what the first began. What may succeed later throws TargetUnavailable, which is
 * retried; whatever else it throws ends the deployment and starts the way back.
 */
export interface TargetActions<T extends Target = Target> {
  /** Puts the new version beside the old one, without traffic. */
  createGreen(subject: Subject<T>, signal: AbortSignal): Promise<Green>;
  /** How traffic is split now, read back from where it is decided. */
  split(subject: Subject<T>, made: Made): Promise<Split>;
  /**
   * Splits traffic so, whatever it was before. `order` rises with every shift that a deployment decides: one that comes
   * late is refused where the target can tell. `done` lets the target go for other deployments.
   */
  shift(subject: Subject<T>, made: Made, split: Split & { order: number; done: boolean }): Promise<void>;
  /** Where green can be asked by HTTP, without a path; absent where it cannot be told from blue. */
  endpoints?(made: Made): string[];
  /** Sends requests nobody waits for, so that the first real one is not the slow one; its failures are none. */
  warmUp(subject: Subject<T>, made: Made, requests: number, signal: AbortSignal): Promise<void>;
  /** Looks once at every endpoint of green. None at all is not healthy. */
  checkHealth(subject: Subject<T>, made: Made, signal: AbortSignal): Promise<Health[]>;
  /** All traffic is on green for good: what blue ran on may go. */
  cleanUpBlue(subject: Subject<T>, made: Made, signal: AbortSignal): Promise<void>;
  /** All traffic is on blue again: what was made for green may go. */
  cleanUpGreen(subject: Subject<T>, made: Made, signal: AbortSignal): Promise<void>;
}
