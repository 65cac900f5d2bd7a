/** Does something for each item, `width` at a time at most; rejects with the first failure and begins no other then. */
export async function forEachOf<T>(
  items: readonly T[],
  width: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  async function work(): Promise<void> {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      // Within the list by the condition above; the type cannot say so.
      await act(item as T);
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  } finally {
    next = items.length;
  }
}
