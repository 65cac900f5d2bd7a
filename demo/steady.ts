// What processes of visitors are made of: requests at a steady rate, and word of them to whoever started the process.

const tickMs = 10;

export interface Steady {
  /** Visits a second. */
  rate: number;
  /** Makes a visit; `number` counts them from 0. */
  visit: (number: number) => void;
  /** Visits that are under way. */
  inFlight: () => number;
  /** How often it is told what came of them, ms. */
  tellMs: number;
  /** What came of them since the last time. */
  take: () => object;
}

/** Visits, whatever the answers take, until it is told to stop; then it lets what is under way end, and tells of it. */
export function visitSteadily({ rate, visit, inFlight, tellMs, take }: Steady): void {
  const startedAt = performance.now();
  let sent = 0;
  const ticking = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate);
    for (; sent < due; sent += 1) visit(sent);
  }, tickMs);
  const tell = () => process.send?.(take());
  const telling = setInterval(tell, tellMs);
  process.once('message', () => {
    clearInterval(ticking);
    const waiting = setInterval(() => {
      if (inFlight() > 0) return;
      clearInterval(waiting);
      clearInterval(telling);
      tell();
      process.send?.('over', () => process.exit(0));
    }, tickMs);
  });
  process.once('disconnect', () => process.exit(0));
}
