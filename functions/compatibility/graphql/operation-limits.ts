/** Bytes of an operation's document that are read, and problems of one that are told. */
export const operationLimits = { bytes: 100_000, problems: 20 } as const;
