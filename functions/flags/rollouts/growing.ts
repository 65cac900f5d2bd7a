import type { Flag } from '../authoring/flag.ts';
import { FlagNotSettable } from '../errors.ts';

type Serve = Extract<Flag['form'], { type: 'rules' }>['otherwise'];

/** What those get that no rule or list is about. */
function servedToAll({ form, off }: Flag): Serve | undefined {
  const orOff = (rest: string | undefined) => rest ?? off ?? '';
  switch (form.type) {
    case 'boolean':
      return { variant: form.on ? 'on' : orOff(undefined) };
    case 'percentage':
      return { percentage: form.percentage, variant: form.variant, rest: orOff(form.rest) };
    case 'users':
    case 'tenants':
      return { variant: orOff(form.rest) };
    case 'rules':
      return form.otherwise;
    case 'weights':
      return { weights: form.weights };
    default:
      return undefined;
  }
}

/** Where a rollout begins: what all others get, and the percentage that has the new variant already. */
export interface Beginning {
  rest: string;
  percentage: number;
}

/** Throws FlagNotSettable where it cannot be said who would get what. */
export function beginningOf(key: string, flag: Flag, to: string): Beginning {
  const refuse = (why: string, action: string): never => {
    throw new FlagNotSettable(`${key} ${why}`, { evidence: { flag: key, form: flag.form.type }, action });
  };
  if (!flag.enabled)
    return refuse('is switched off', 'Switch it on first: what it says then is where a rollout begins.');
  // Its variants may stay with those who saw them, and each step would begin its counts anew.
  if (flag.kind === 'experiment')
    return refuse('is an experiment', 'End the experiment first: make the flag one of kind release.');
  const serve = servedToAll(flag);
  if (serve === undefined)
    return refuse('is a definition of flagd', 'Write the flag as percentage or rules.');
  if ('weights' in serve) {
    const given = Object.entries(serve.weights).filter(([, weight]) => weight > 0);
    const [only] = given;
    if (given.length !== 1 || only === undefined)
      return refuse(
        'is shared out by weights',
        'Write it as a percentage, or give one variant to all first.',
      );
    return beginning(only[0], 0);
  }
  if (!('percentage' in serve)) return beginning(serve.variant, 0);
  const { percentage, variant } = serve;
  const rest = serve.rest ?? flag.off ?? '';
  if (variant === to) return beginning(rest, percentage);
  if (percentage === 0) return beginning(rest, 0);
  if (percentage === 100) return beginning(variant, 0);
  return refuse(
    `gives ${variant} to ${percentage} %`,
    `Roll out ${variant}, or give one variant to all first.`,
  );

  function beginning(others: string, given: number): Beginning {
    if (others === to || given === 100)
      return refuse(
        `gives ${to} to everybody already`,
        'Name another variant, or lower the percentage first.',
      );
    return { rest: others, percentage: given };
  }
}
