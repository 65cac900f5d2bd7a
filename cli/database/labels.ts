import { InvalidArgumentError } from 'commander';

/** Reads `name=value` of a repeated option into what was read before. */
export function labelOf(text: string, all: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) {
    throw new InvalidArgumentError('expected name=value, for example tier=free');
  }
  return { ...all, [text.slice(0, at)]: text.slice(at + 1) };
}
