import type { MediaType } from './model.ts';

/** What of `content` takes the place of a media type: itself, the same without parameters, or a range that covers it. */
export function counterpart(name: string, content: ReadonlyMap<string, MediaType>): MediaType | undefined {
  const exact = content.get(name);
  if (exact) return exact;
  const base = baseOf(name);
  const all = [...content.values()];
  const [type] = base.split('/');
  return (
    all.find((one) => baseOf(one.name) === base) ??
    all.find((one) => baseOf(one.name) === `${type}/*`) ??
    all.find((one) => baseOf(one.name) === '*/*')
  );
}

const baseOf = (name: string): string => name.split(';')[0] ?? name;
