import { exitCode, Failure } from '../failure.ts';

/** `plan=pro` of an option: the value is JSON, else the text itself. @throws Failure (usage) that says what was `expected` */
export function namedValue(text: string, option: string, expected: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at <= 0) {
    throw new Failure(`${option} has '${text}'; expected ${expected}.`, { code: exitCode.usage });
  }
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}
