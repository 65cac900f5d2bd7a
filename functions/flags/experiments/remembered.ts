import { clock } from '#platform/clock.ts';

/** A bounded memory: what was used last stays, what is too old is told as such. */
export class Remembered<T> {
  readonly #entries = new Map<string, { value: T; at: number }>();
  readonly #most: number;

  /** `most` entries, 1 or more. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value and how long ago it was set, ms. */
  get(key: string): { value: T; ageMs: number } | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return { value: found.value, ageMs: clock.now() - found.at };
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, at: clock.now() });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#most && oldest !== undefined) this.#entries.delete(oldest);
  }

  get size(): number {
    return this.#entries.size;
  }
}
