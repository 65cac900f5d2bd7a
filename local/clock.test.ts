import { describe, expect, it } from 'vitest';
import { shiftableClock, systemClock, virtualClock } from './clock.ts';

const DAY = 86_400_000;

describe('virtualClock', () => {
  it('fires timers in order of time, then of creation, each at its own time', async () => {
    const clock = virtualClock(1_000);
    const seen: string[] = [];
    clock.setTimer(20, () => seen.push(`b${clock.now()}`));
    clock.setTimer(10, () => seen.push(`a${clock.now()}`));
    clock.setTimer(20, () => seen.push(`c${clock.now()}`));
    await clock.advance(20);
    expect(seen).toEqual(['a1010', 'b1020', 'c1020']);
  });

  it('fires within one advance the timers that a fired timer sets', async () => {
    const clock = virtualClock(0);
    const seen: number[] = [];
    const repeat = async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await clock.sleep(100);
        seen.push(clock.now());
      }
    };
    void repeat();
    await clock.advance(250);
    expect(seen).toEqual([100, 200]);
    expect(clock.now()).toBe(250);
    expect(await clock.advanceToNextTimer()).toBe(true);
    expect(seen).toEqual([100, 200, 300]);
    expect(await clock.advanceToNextTimer()).toBe(false);
  });

  it('leaves work its time while it is moved, which a timer of the workflow has not', async () => {
    const clock = shiftableClock();
    const fired: string[] = [];
    const cancel = clock.setWorkTimer(60_000, () => fired.push('work'));
    clock.setTimer(60_000, () => fired.push('timer'));
    await clock.advance(8 * DAY);
    expect(fired).toEqual(['timer']);
    cancel();
  });

  it('sleeps longer than setTimeout can', async () => {
    const clock = virtualClock(0);
    let done = false;
    void clock.sleep(90 * DAY).then(() => {
      done = true;
    });
    await clock.advance(90 * DAY - 1);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(done).toBe(true);
  });

  it('a cancelled timer never fires and an aborted sleep leaves no timer', async () => {
    const clock = virtualClock(0);
    let fired = false;
    clock.setTimer(5, () => {
      fired = true;
    })();
    const controller = new AbortController();
    const slept = clock.sleep(5, controller.signal);
    controller.abort(new Error('stopped'));
    await expect(slept).rejects.toThrow('stopped');
    await expect(clock.sleep(5, controller.signal)).rejects.toThrow('stopped');
    expect(clock.pending).toBe(0);
    await clock.advance(10);
    expect(fired).toBe(false);
  });
});

describe('shiftableClock', () => {
  it('runs on real time and skips ahead when told', async () => {
    const clock = shiftableClock();
    await clock.sleep(2);
    const before = clock.now();
    const seen: string[] = [];
    const chain = clock
      .sleep(7 * DAY)
      .then(() => clock.sleep(7 * DAY))
      .then(() => seen.push('both'));
    clock.setTimer(60 * DAY, () => seen.push('too early'))();
    await clock.advance(14 * DAY + 1_000);
    await chain;
    expect(seen).toEqual(['both']);
    expect(clock.now() - before).toBeGreaterThanOrEqual(14 * DAY);
  });

  it('does not fire a timer of 25 days at once', async () => {
    const clock = systemClock();
    let fired = false;
    const cancel = clock.setTimer(25 * DAY, () => {
      fired = true;
    });
    await clock.sleep(5);
    expect(fired).toBe(false);
    cancel();
  });
});
