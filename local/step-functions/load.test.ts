import { describe, expect, it } from 'vitest';
import { lambda, machine } from './fixtures/lab.ts';
import { InvalidDefinition, loadDefinition } from './load.ts';
import { validateStateMachines } from './validate.ts';

/** Problems as `state field: message`. */
const problems = (source: unknown): string[] => {
  try {
    loadDefinition('m', source);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidDefinition)) throw error;
    return error.problems.map(({ state, field, message }) => `${state} ${field}: ${message}`);
  }
};
const one = (state: object, rest: Record<string, object> = {}) => problems(machine({ A: state, ...rest }));
const pass = { Type: 'Pass', End: true };

describe('what is refused when a definition is loaded', () => {
  it.each<[string, unknown, string]>([
    [
      'JSONPath machines',
      { StartAt: 'A', States: { A: pass } },
      'undefined QueryLanguage: expected "JSONata"',
    ],
    ['unknown machine fields', machine({ A: pass }, { Tags: 1 }), 'undefined Tags: field is not implemented'],
    ['unknown state types', machine({ A: { Type: 'Loop' } }), 'A Type: Invalid'],
    ['unknown fields', machine({ A: { ...pass, Colour: 1 } }), 'A Colour: field is not implemented'],
    [
      'JSONPath fields',
      machine({ A: { ...pass, ResultPath: '$' } }),
      'A ResultPath: JSONPath fields are refused',
    ],
    ['JSONPath keys', machine({ A: { ...pass, Output: { 'a.$': '$.a' } } }), 'A Output.a.$: JSONPath'],
    ['a dangling StartAt', { ...machine({ A: pass }), StartAt: 'Z' }, 'undefined StartAt: no state "Z"'],
    ['a dangling Next', machine({ A: { Type: 'Pass', Next: 'Z' } }), 'A Next: no state "Z"'],
    [
      'a dangling Default',
      machine({
        A: { Type: 'Choice', Choices: [{ Condition: '{% true %}', Next: 'B' }], Default: 'Z' },
        B: pass,
      }),
      'A Default: no state "Z"',
    ],
    [
      'a dangling Choices.Next',
      machine({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'Z' }], Default: 'B' }, B: pass }),
      'A Choices.0.Next: no state "Z"',
    ],
    [
      'a dangling Catch.Next',
      machine({ A: lambda('f', {}, { Catch: [{ ErrorEquals: ['E'], Next: 'Z' }] }) }),
      'A Catch.0.Next: no state "Z"',
    ],
    ['no transition', machine({ A: { Type: 'Pass' } }), 'A Next: give exactly one of Next and End'],
    ['states nobody reaches', machine({ A: pass, B: pass }), 'B name: no transition leads to this state'],
    [
      'other resources',
      machine({ A: { ...lambda('f', {}), Resource: 'arn:aws:states:::aws-sdk:s3:getObject' } }),
      'A Resource:',
    ],
    [
      'other arguments',
      machine({ A: { ...lambda('f', {}), Arguments: { FunctionName: 'f', Qualifier: '1' } } }),
      'A Arguments.Qualifier',
    ],
    [
      'missing arguments',
      machine({ A: { ...lambda('f', {}), Arguments: {} } }),
      'A Arguments.FunctionName: is missing',
    ],
    [
      'heartbeats without a token',
      machine({ A: lambda('f', {}, { HeartbeatSeconds: 3 }) }),
      'A HeartbeatSeconds:',
    ],
    ['bad expressions', machine({ A: { ...pass, Output: { x: '{% 1 + %}' } } }), 'A Output.x: bad JSONata'],
    ['half expressions', machine({ A: { ...pass, Output: '{% 1' } }), 'A Output: an expression that starts'],
    ['$eval', machine({ A: { ...pass, Output: "{% $eval('1') %}" } }), 'A Output: $eval is not available'],
    [
      'a variable named states',
      machine({ A: { ...pass, Assign: { states: 1 } } }),
      'A Assign: "states" is reserved',
    ],
    [
      'both kinds of wait',
      machine({ A: { Type: 'Wait', Seconds: 1, Timestamp: 'x', End: true } }),
      'A Seconds: give exactly one',
    ],
  ])('%s', (_name, source, expected) => {
    expect(problems(source).join('\n')).toContain(expected);
  });

  it('States.ALL anywhere but alone and last', () => {
    const found = one(
      lambda(
        'f',
        {},
        {
          Retry: [{ ErrorEquals: ['States.ALL', 'E'] }],
          Catch: [
            { ErrorEquals: ['States.ALL'], Next: 'B' },
            { ErrorEquals: ['E'], Next: 'B' },
          ],
        },
      ),
      { B: pass },
    );
    expect(found).toEqual([
      'A Retry.0.ErrorEquals: States.ALL stands alone',
      'A Catch.0.ErrorEquals: States.ALL comes last',
    ]);
  });

  it('inner states that share a name, and inner variables that shadow outer ones', () => {
    const found = one({
      Type: 'Parallel',
      Assign: { x: 1 },
      Branches: [{ StartAt: 'A', States: { A: { ...pass, Assign: { x: 2 } } } }],
      End: true,
    });
    expect(found).toEqual([
      'A Assign: variable "x" exists in the outer scope',
      'A name: state names are unique in the whole machine',
    ]);
  });

  it('names the innermost state of a nested problem', () => {
    const inner = { StartAt: 'B', States: { B: { Type: 'Pass', End: true, Oops: 1 } } };
    expect(one({ Type: 'Map', ItemProcessor: inner, End: true })).toEqual([
      'B Oops: field is not implemented',
    ]);
  });

  it('fields of distributed Maps in inline ones, and Maps that are EXPRESS', () => {
    const inner = { StartAt: 'B', States: { B: pass } };
    const inline = one({
      Type: 'Map',
      ItemProcessor: inner,
      ToleratedFailureCount: 1,
      Label: 'l',
      End: true,
    });
    expect(inline.map((line) => line.split(':')[0])).toEqual(['A ToleratedFailureCount', 'A Label']);
    const config = { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' };
    const express = one({ Type: 'Map', ItemProcessor: { ...inner, ProcessorConfig: config }, End: true });
    expect(express[0]).toContain('EXPRESS is not implemented');
  });
});

describe('the gate for state machine files', () => {
  const task = lambda(
    'f',
    {},
    {
      Comment: 'does it',
      TimeoutSeconds: 10,
      Retry: [{ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2, JitterStrategy: 'FULL' }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
      Next: 'B',
    },
  );
  const check = (state: object, functions?: string[]) =>
    validateStateMachines(
      { m: machine({ A: state, B: { Type: 'Succeed' } }) },
      functions ? { functions } : {},
    ).map(({ state: name, field }) => `${name} ${field}`);

  it('lets a complete task through', () => {
    expect(check(task, ['f'])).toEqual([]);
  });

  it.each([
    [{ Comment: undefined }, 'A Comment'],
    [{ TimeoutSeconds: undefined }, 'A TimeoutSeconds'],
    [{ Retry: undefined }, 'A Retry'],
    [{ Retry: [{ ErrorEquals: ['E'], MaxAttempts: 1 }] }, 'A Retry.0.JitterStrategy'],
    [{ Retry: [{ ErrorEquals: ['E'], JitterStrategy: 'FULL' }] }, 'A Retry.0.MaxAttempts'],
    [{ Catch: [{ ErrorEquals: ['E'], Next: 'B' }] }, 'A Catch'],
    [{ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }, 'A Arguments'],
  ])('%j breaks a rule', (change, expected) => {
    const changed = Object.fromEntries(
      Object.entries({ ...task, ...change }).filter(([, value]) => value !== undefined),
    );
    expect(check(changed)).toEqual([expected]);
  });

  it('knows which functions exist', () => {
    expect(check(task, ['g'])).toEqual(['A Arguments.FunctionName']);
  });

  it('adds what asl-validator finds', () => {
    const found = validateStateMachines({ m: machine({ A: { Type: 'Pass', Next: 'Z' } }) });
    expect(found.some(({ message }) => message.startsWith('asl-validator'))).toBe(true);
  });
});
