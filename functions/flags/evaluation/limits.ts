/** What a document may be at most; one of AWS AppConfig is below all of these. */
export const LIMITS = {
  flags: 10_000,
  variantsPerFlag: 1_000,
  /** UTF-8 bytes of the key of a flag, the name of a variant or of a shared rule. */
  keyBytes: 256,
  /** Levels of objects and lists, from the document itself down. */
  depth: 128,
  /** Objects, lists and values in a document, before shared rules are put in their places. */
  nodes: 1_000_000,
  /** Characters of all keys and strings of a document. */
  characters: 8_000_000,
  /** Parts of one targeting, after shared rules are put in their places. */
  targetingNodes: 10_000,
  /** Parts of all targetings of a document, likewise. */
  documentTargetingNodes: 1_000_000,
  /** Operators inside operators of one targeting, likewise. */
  targetingDepth: 128,
  problems: 100,
} as const;

/** The greatest sum of weights that flagd takes. */
export const MAX_WEIGHT = 2_147_483_647;
