/** Of the two documents of an environment: its flags, and the kill switches that win over them. */
export type Part = 'flags' | 'killSwitches';

/** What a feed knows that it did not say before. */
export interface Answer {
  /** How far this answer goes: the next question is about what came after it. */
  cursor?: string | undefined;
  /** As JSON gives them, unchecked, or the text where it is no JSON. What is not here is as it was. */
  documents?: Partial<Record<Part, unknown>>;
  /** Which state they are of, for people and for entity tags; made of the content where nothing says it. */
  revision?: string | undefined;
  /** How long the feed is not to be asked again, ms, where that is another time than its interval. */
  restMs?: number | undefined;
}

/** Where documents come from. It remembers nothing itself: an answer that comes too late is as if it was never given. */
export interface Feed {
  /** For messages: `AppConfig production`. */
  name: string;
  /** What it gives, all of it with the first answer. */
  parts: readonly Part[];
  /** How long an answer is fresh, ms. */
  intervalMs: number;
  /** Older than this what it gave is stale, ms, where that is another time than the others' of the source. */
  staleAfterMs?: number;
  /** What is new since the answer that `cursor` is of; everything without one. Throws when there is no answer. */
  ask(cursor: string | undefined, signal: AbortSignal): Promise<Answer>;
}

/** A document at AppConfig. */
export interface AppConfigProfile {
  /** Id or name, as AppConfig takes both. */
  application: string;
  /** Name of the profile, and of the AppConfig environment that it alone is deployed to. */
  profile: string;
  part: Part;
}

/** A document in which nothing is switched. */
export const emptyDocument = { flags: {} };

/** The JSON of a text; a text that is none is given on as it is, and refused where documents are checked. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
