/** One side of a comparison. */
export interface ComparedVersion {
  /** As it is registered. */
  version: string;
  /** What the target calls it: a version of a function, a target group; else the version again. */
  target: string;
}

/** What a source is asked: all it knows of both versions from one moment until the other (ISO 8601, UTC, ms). */
export interface Question {
  service: string;
  /** Null when there is no version to compare with. */
  baseline: ComparedVersion | null;
  canary: ComparedVersion;
  from: string;
  to: string;
}

/** A moment moved by ms. */
export const moved = (moment: string, ms: number): string => new Date(Date.parse(moment) + ms).toISOString();

/** A template with {version} and {target} replaced by what `encode` makes of them, and whatever else `more` has. */
export function filled(
  template: string,
  values: Readonly<Record<string, string>>,
  encode: (value: string) => string = (value) => value,
): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? encode(values[name] ?? '') : whole,
  );
}
