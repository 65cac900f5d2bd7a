import { InvalidArgumentError } from 'commander';

/** A number that was given as an option. @throws InvalidArgumentError */
export function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError(`Expected a number, found "${text}".`);
}
