/** What a client of one of the two versions does, or what it reads. */
export type By = 'old' | 'new';

/** One operation, or a few that belong together, taken the whole way. */
export interface Case {
  name: string;
  /** Run in a schema of its own. */
  setup: string;
  operations: unknown[];
  /** Run after publish, each by a client of that version. */
  writes: [By, string][];
  /** What each version reads after these writes, and still after contract. */
  sees: Partial<Record<By, [query: string, rows: unknown[][]]>>;
  /** What is refused after publish, and with which words. */
  refuses?: [By, string, RegExp][];
  /** What neither version may be refused once the contract ran. */
  afterContract?: [By, string][];
  /** What the new constraints refuse once the contract ran, whoever writes it. */
  refusesAfterContract?: [By, string, RegExp][];
  /** The same change by plain statements, whose result the tables must equal after removal. */
  plain: string;
}
