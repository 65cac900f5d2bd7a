const mostCharacters = 200;

/** A value as a difference shows it: JSON, cut at 200 characters; null where there is none. */
export function shownValue(value: unknown): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value);
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
}
