import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Deliver, pauseAfter } from '../events/queue.ts';
import { isOnce, parseExpression } from './expression.ts';
import { arnOf, idOf, type ScheduleRecord, type Schedules } from './schedules.ts';

/** A schedule in this process: its next moment, those whose target has not yet taken the call, and all its timers. */
type Armed = {
  record: ScheduleRecord;
  next: number | undefined;
  underway: Set<number>;
  timers: Set<() => void>;
};

/**
 * The first moment after `after` (epoch ms) that lies within the schedule's dates; undefined when there is none.
 * @throws Error when the expression is malformed.
 */
export function firesNext(record: ScheduleRecord, after: number): number | undefined {
  const next = parseExpression(record.expression, record.timezone, record.startDate ?? record.created);
  const moment = next(Math.max(after, (record.startDate ?? 0) - 1));
  return moment === undefined ||
    (!isOnce(record.expression) && record.endDate !== undefined && moment > record.endDate)
    ? undefined
    : moment;
}

const minuteMs = 60_000;

/**
 * The last moment of a recurring schedule up to `until`, when `due` is one of its moments. Looks back from the end over
 * ever longer spans, so that a year moved at once costs no walk through its minutes.
 */
export function lastUpTo(record: ScheduleRecord, due: number, until: number): number {
  const after = (moment: number) => firesNext(record, moment) ?? Number.POSITIVE_INFINITY;
  for (let span = minuteMs; until - span > due; span *= 2) {
    let last = after(until - span);
    if (last > until) continue;
    for (let next = after(last); next <= until; next = after(last)) last = next;
    return last;
  }
  let last = due;
  for (let next = after(last); next <= until; next = after(last)) last = next;
  return last;
}

/** Watches the time of schedules and calls their targets, again when they do not take the call. */
export function createFiring(options: {
  clock: Clock;
  schedules: Schedules;
  deliver: Deliver;
  onUndelivered: (schedule: { arn: string; target: string }, error: unknown) => void;
  /** Runs a change of schedules alone. */
  inTurn: <T>(change: () => Promise<T>) => Promise<T>;
}) {
  const { clock, schedules } = options;
  const armed = new Map<string, Armed>();
  const calls = new Set<Promise<void>>();
  let running = false;

  /** Sets the timer of the next moment, in place of whatever timers this schedule had. */
  function arm(record: ScheduleRecord): void {
    const id = idOf(record.group, record.name);
    disarm(id);
    if (!running || record.state === 'DISABLED' || record.next === undefined) return;
    const one: Armed = { record, next: record.next, underway: new Set(), timers: new Set() };
    armed.set(id, one);
    awaitNext(one);
  }

  function disarm(id: string): void {
    for (const cancel of armed.get(id)?.timers ?? []) cancel();
    armed.delete(id);
  }

  function setTimer(one: Armed, at: number, run: () => Promise<void>): void {
    const cancel = clock.setTimer(Math.max(0, at - clock.now()), () => {
      one.timers.delete(cancel);
      const call = run().catch(() => {});
      calls.add(call);
      void call.finally(() => calls.delete(call));
    });
    one.timers.add(cancel);
  }

  function awaitNext(one: Armed): void {
    const due = one.next;
    if (due === undefined) return;
    setTimer(one, due, async () => {
      if (!isOnce(one.record.expression)) {
        // A clock that is moved passes many moments at once, which no real one does: they are one call, for the last.
        const last = lastUpTo(one.record, due, clock.horizon());
        if (last > due) {
          one.next = last;
          awaitNext(one);
          return;
        }
      }
      one.underway.add(due);
      // The following moment is armed before the target answers: it comes also when that takes long.
      one.next = firesNext(one.record, Math.max(due, clock.now()));
      awaitNext(one);
      return call(one, due, 1);
    });
  }

  async function call(one: Armed, due: number, attempt: number): Promise<void> {
    const { target } = one.record;
    const arn = arnOf(one.record);
    const input = filled(target.input ?? '{}', {
      'aws.scheduler.schedule-arn': arn,
      'aws.scheduler.scheduled-time': `${new Date(due).toISOString().slice(0, 19)}Z`,
      'aws.scheduler.execution-id': randomUUID(),
      'aws.scheduler.attempt-number': String(attempt),
    });
    try {
      await options.deliver(target.arn, JSON.parse(input), `${arn} ${due}`);
    } catch (error) {
      if (attempt <= target.retries && clock.now() - due < target.longestMs) {
        if (isArmed(one)) setTimer(one, clock.now() + pauseAfter(attempt), () => call(one, due, attempt + 1));
        return;
      }
      options.onUndelivered({ arn, target: target.arn }, error);
    }
    await options.inTurn(() => taken(one, due));
  }

  const isArmed = (one: Armed) => armed.get(idOf(one.record.group, one.record.name)) === one;

  /** Moves the schedule on only after the target took the call, so that a crash in between calls it again. */
  async function taken(one: Armed, due: number): Promise<void> {
    if (!isArmed(one)) return;
    one.underway.delete(due);
    const next = [...one.underway, ...(one.next === undefined ? [] : [one.next])].sort((x, y) => x - y)[0];
    const id = idOf(one.record.group, one.record.name);
    if (next === undefined && one.record.deleteWhenDone) {
      schedules.remove(id);
      disarm(id);
      return;
    }
    const { next: _past, ...rest } = one.record;
    await schedules.save({ ...rest, ...(next === undefined ? {} : { next }) });
  }

  return {
    arm,
    disarm,
    start(): void {
      running = true;
      for (const record of schedules.records.values()) arm(record);
    },
    /** Resolves when no target is being called. */
    async settled(): Promise<void> {
      while (calls.size > 0) await Promise.all(calls);
    },
    stop(): void {
      running = false;
      for (const id of [...armed.keys()]) disarm(id);
    },
  };
}

/** Puts the context attributes into a target's input: `<aws.scheduler.scheduled-time>` and its like. */
function filled(input: string, attributes: Record<string, string>): string {
  return input.replaceAll(/<(aws\.scheduler\.[a-z-]+)>/g, (whole, name: string) => attributes[name] ?? whole);
}
