/** The steps of a path such as `user.address.city`; a backslash before a dot keeps it: `a\.b` is one name. */
export function stepsOf(path: string): readonly string[] {
  if (!path.includes('.') && !path.includes('\\')) return [path];
  const steps: string[] = [];
  let step = '';
  for (let index = 0; index < path.length; index++) {
    const character = path.charAt(index);
    const next = path.charAt(index + 1);
    if (character === '\\' && (next === '.' || next === '/' || next === '\\')) {
      step += next;
      index++;
    } else if (character === '.') {
      steps.push(step);
      step = '';
    } else step += character;
  }
  // A path of nothing but dots has one step less than a path with a name, as the engine of flagd has it.
  if (steps.length !== path.length) steps.push(step);
  return steps;
}

/** What a value holds by this name itself; what it inherits is not there. Strings and lists have indices and a length. */
export function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? ofText(value, name) : undefined;
  if (!Object.hasOwn(value, name)) return undefined;
  // An object whose own name it is, as was just seen.
  const found = (value as Readonly<Record<string, unknown>>)[name];
  return typeof found === 'function' ? undefined : found;
}

function ofText(text: string, name: string): unknown {
  if (name === 'length') return text.length;
  return /^(0|[1-9]\d*)$/.test(name) ? text[Number(name)] : undefined;
}

/** What a value holds at the end of a path, undefined where a step is not there. */
export function ownAt(value: unknown, steps: readonly string[]): unknown {
  let found = value;
  for (const step of steps) {
    found = own(found, step);
    if (found === undefined) return undefined;
  }
  return found;
}
