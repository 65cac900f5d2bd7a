import { schemaText } from './document.ts';
import { isLocal, type Located, type Root, resolve } from './references.ts';
import { digestOf } from './sameness.ts';

/** Longer ones are told by the words of the schema and of all definitions that it leads to. */
const LONGEST = 200_000;

/** Texts of shared definitions, of which hundreds of schemas make use. */
const known = new WeakMap<Root['shared'], Map<string, string>>();

class TooLong extends Error {
  override readonly name = 'TooLong';
}

/**
 * A text that is equal for schemas that say the same in the same words, wherever their definitions stand: references are
 * replaced by what they lead to, and those that lead back by how far. Annotations are left out. JSON.
 */
export function fingerprint(value: unknown, root: Root): string {
  let length = 0;
  try {
    return text(value, []);
  } catch (error) {
    if (!(error instanceof TooLong)) throw error;
    return JSON.stringify(digestOf(value, root));
  }

  function text(one: unknown, above: readonly string[]): string {
    return write(
      schemaText(one, (reference, beside) => {
        const target = isLocal(reference) ? resolve(reference, root) : undefined;
        if (!target) return undefined;
        const back = above.indexOf(target.pointer);
        const led = back === -1 ? followed(target, above) : `"${above.length - back} references up"`;
        const others = beside();
        return others === '' ? led : `{"$ref":${led},${others}}`;
      }),
    );
  }

  function followed(target: Located, above: readonly string[]): string {
    // A shared definition says the same wherever it is used, but not in another that leads back to it.
    const isShared = above.length === 0 && target.pointer.startsWith(`${root.sharedPointer}/`);
    const texts = known.get(root.shared) ?? new Map<string, string>();
    const cached = isShared ? texts.get(target.pointer) : undefined;
    if (cached !== undefined) return write(cached);
    const led = text(target.schema, [...above, target.pointer]);
    if (isShared) known.set(root.shared, texts.set(target.pointer, led));
    return led;
  }

  function write(made: string): string {
    length += made.length;
    if (length > LONGEST) throw new TooLong();
    return made;
  }
}
