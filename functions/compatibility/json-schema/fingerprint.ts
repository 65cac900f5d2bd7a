import { annotations, isObject } from './document.ts';
import { isLocal, type Located, type Root, resolve } from './references.ts';

/** Longer ones are cut and never equal to another: what is that large is not compared by its text. */
const LONGEST = 200_000;

/** Texts of shared definitions, of which hundreds of schemas make use. */
const known = new WeakMap<Root['shared'], Map<string, string>>();

/**
 * A text that is equal for schemas that say the same in the same words, wherever their definitions stand: references are
 * replaced by what they lead to, and those that lead back by how far. Annotations are left out.
 */
export function fingerprint(value: unknown, root: Root): string {
  let length = 0;
  const write = (text: string): string => {
    length += text.length;
    return text;
  };
  return text(value, []);

  function text(one: unknown, above: readonly string[]): string {
    if (length > LONGEST) return `"too long at ${root.pointer} of ${JSON.stringify(root.schema).length}"`;
    if (Array.isArray(one)) return write(`[${one.map((item) => text(item, above)).join()}]`);
    if (!isObject(one)) return write(JSON.stringify(one) ?? 'null');
    const { $ref, ...rest } = one;
    const target = typeof $ref === 'string' && isLocal($ref) ? resolve($ref, root) : undefined;
    if (target) {
      const back = above.indexOf(target.pointer);
      const led = back === -1 ? followed(target, above) : `"${above.length - back} references up"`;
      const others = Object.keys(rest).filter((key) => !annotations.has(key));
      return others.length === 0 ? led : write(`{"$ref":${led},${entries(rest, above)}}`);
    }
    return write(`{${entries(one, above)}}`);
  }

  function followed(target: Located, above: readonly string[]): string {
    // A shared definition says the same wherever it is used, but not in another that leads back to it.
    const isShared = above.length === 0 && target.pointer.startsWith(`${root.sharedPointer}/`);
    const texts = known.get(root.shared) ?? new Map<string, string>();
    const led =
      (isShared ? texts.get(target.pointer) : undefined) ?? text(target.schema, [...above, target.pointer]);
    if (isShared && length <= LONGEST) known.set(root.shared, texts.set(target.pointer, led));
    return led;
  }

  function entries(one: Record<string, unknown>, above: readonly string[]): string {
    return Object.keys(one)
      .filter((key) => !annotations.has(key))
      .sort()
      .map((key) => `${JSON.stringify(key)}:${text(one[key], above)}`)
      .join();
  }
}
