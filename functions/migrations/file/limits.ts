/** Bytes; a migration that needs more is a data load. */
export const MAX_FILE_BYTES = 256 * 1_024;
