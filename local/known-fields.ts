/**
 * Refuses a call that carries a field this laptop's service would otherwise silently leave out.
 * `call` is named in the error, for example `S3.PutObject`.
 */
export function knownFields(call: string, input: object, fields: readonly string[]): void {
  for (const [field, value] of Object.entries(input)) {
    if (value === undefined || fields.includes(field)) continue;
    throw new Error(`${call} does not know the field ${field} on the laptop; it knows ${fields.join(', ')}.`);
  }
}
