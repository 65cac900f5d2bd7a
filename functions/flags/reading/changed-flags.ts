import type { Documents, Held } from './documents.ts';

/** What else of a document decides about all its flags, as text. */
const sharedOf = ({ document }: Held): string => JSON.stringify(document.metadata ?? {});
const evaluatorsOf = ({ document }: Held): string => JSON.stringify(document.$evaluators ?? {});

/** What decides about one flag, as text: its own definition, or the kill switch that wins over it, and what it refers to. */
function decisive({ flags, killSwitches }: Documents): Map<string, string> {
  const texts = new Map<string, string>();
  for (const held of killSwitches === undefined ? [flags] : [flags, killSwitches]) {
    const [shared, evaluators] = [sharedOf(held), evaluatorsOf(held)];
    for (const [key, flag] of Object.entries(held.document.flags)) {
      const own = JSON.stringify(flag);
      texts.set(key, `${shared}${own.includes('"$ref"') ? evaluators : ''}${own}`);
    }
  }
  return texts;
}

/** Flags that may be evaluated otherwise now: those that are new, gone or defined otherwise, in the alphabet's order. */
export function changedFlags(before: Documents, after: Documents): string[] {
  const [former, present] = [decisive(before), decisive(after)];
  const gone = [...former.keys()].filter((key) => !present.has(key));
  const changed = [...present].filter(([key, text]) => former.get(key) !== text).map(([key]) => key);
  return [...gone, ...changed].sort();
}
