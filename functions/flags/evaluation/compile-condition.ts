import type { Expression } from './expression.ts';
import { loosely, ORDERS } from './operators.ts';
import { own } from './paths.ts';
import type { Compile, Work } from './run.ts';
import { truthy } from './values.ts';

/** A condition: only whether it is met is of interest, so that no value has to be kept. */
export type Condition = (data: unknown, work: Work) => boolean;

/** Lists up to this length are searched, longer ones looked up. */
const SEARCHED = 8;

/**
 * Compiles an expression of which only the truth matters. The shapes that rules are mostly made of — an attribute is,
 * or is one of, texts that are known — become one closure each; everything else is computed and looked at.
 */
export function compileCondition(expression: Expression, compile: Compile): Condition {
  if (expression.kind === 'lazy' && expression.operator !== 'if') {
    const all = expression.arguments.map((part) => compileCondition(part, compile));
    return expression.operator === 'and' ? every(all) : some(all);
  }
  if (expression.kind === 'call') {
    const [first, second] = expression.arguments;
    const { operator } = expression;
    if (first && operator === '!') {
      const condition = compileCondition(first, compile);
      return (data, work) => !condition(data, work);
    }
    if (first && second && (operator === '==' || operator === '===')) {
      const found = isText(first, second, operator === '===') ?? isText(second, first, operator === '===');
      if (found) return found;
    }
    const found = operator === 'in' ? isOneOf(first, second) : undefined;
    if (found) return found;
  }
  const { run } = compile(expression);
  return (data, work) => truthy(run(data, work));
}

function every(all: readonly Condition[]): Condition {
  const [first, second] = all;
  if (first && second && all.length === 2) return (data, work) => first(data, work) && second(data, work);
  return (data, work) => {
    for (const condition of all) if (!condition(data, work)) return false;
    return true;
  };
}

function some(all: readonly Condition[]): Condition {
  const [first, second] = all;
  if (first && second && all.length === 2) return (data, work) => first(data, work) || second(data, work);
  return (data, work) => {
    for (const condition of all) if (condition(data, work)) return true;
    return false;
  };
}

/** An attribute of one name without a default, if that is what an expression reads. */
export function nameRead(expression: Expression | undefined): string | undefined {
  if (expression?.kind !== 'read' || expression.path.length !== 1 || expression.fallback !== null)
    return undefined;
  return expression.path[0];
}

function isText(attribute: Expression, literal: Expression, isStrict: boolean): Condition | undefined {
  const name = nameRead(attribute);
  const text = literal.kind === 'literal' ? literal.value : undefined;
  if (name === undefined || typeof text !== 'string') return undefined;
  if (isStrict) return (data) => own(data, name) === text;
  return (data) => {
    const value = own(data, name);
    if (typeof value === 'string' || value === undefined) return value === text;
    return loosely(ORDERS['=='], value, text);
  };
}

function isOneOf(attribute: Expression | undefined, list: Expression | undefined): Condition | undefined {
  const name = nameRead(attribute);
  if (name === undefined || list?.kind !== 'list') return undefined;
  const values: unknown[] = list.items.map((item) => (item.kind === 'literal' ? item.value : undefined));
  // A list that is computed, or that nothing is in, too, is looked at as any other.
  if (values.some((value) => typeof value !== 'string' && typeof value !== 'number')) return undefined;
  const [first, second] = values;
  if (values.length === 1) return (data) => own(data, name) === first;
  if (values.length === 2) {
    return (data) => {
      const value = own(data, name);
      return value === first || value === second;
    };
  }
  if (values.length <= SEARCHED) return (data) => values.includes(own(data, name));
  const known = new Set(values);
  return (data) => known.has(own(data, name));
}
