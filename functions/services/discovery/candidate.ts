/** An instance that may be asked, as discovery tells of it. */
export interface Candidate {
  id: string;
  version: string;
  url: string;
  zone: string | null;
  /** Its share of requests beside the others, 0 to 1,000; 0 takes none. */
  weight: number;
  /** 0 to 1; null: it does not say. */
  load: number | null;
  /** Requests that it works on; null: it does not say. */
  inFlight: number | null;
  /** ISO 8601; null: it has no lease. */
  leaseUntil: string | null;
}
