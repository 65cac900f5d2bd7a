import { describe, expect, it } from 'vitest';
import { Failure } from '../failure.ts';
import { formOf, namedFields } from './written-flag.ts';

describe('what flag set names', () => {
  it('is one form', () => {
    expect(formOf({ on: true })).toEqual({ type: 'boolean', on: true });
    expect(formOf({ percentage: '2.5', variant: 'new' })).toEqual({
      type: 'percentage',
      percentage: 2.5,
      variant: 'new',
    });
    expect(formOf({ weights: ['a=b=20', 'c=80'] })).toEqual({
      type: 'weights',
      weights: { 'a=b': 20, c: 80 },
    });
    expect(formOf({ users: ['ada'] })).toEqual({ type: 'users', users: ['ada'] });
    expect(formOf({})).toBeUndefined();
    expect(() => formOf({ on: true, percentage: '5' })).toThrow(Failure);
    expect(() => formOf({ percentage: 'many' })).toThrow('expected a number');
    expect(() => formOf({ weights: ['red'] })).toThrow('expected variant=percentage');
  });

  it('is the variants and which of them stands for off', () => {
    expect(namedFields({ variants: ['red=#f00', 'blue={"hex":"#00f"}', 'size=5'] })).toEqual({
      variants: { red: '#f00', blue: { hex: '#00f' }, size: 5 },
      off: 'red',
    });
    expect(namedFields({ variants: ['on=a=b', 'off='] })).toEqual({
      variants: { on: 'a=b', off: '' },
      off: 'off',
    });
    expect(namedFields({ variants: ['a=1', 'b=2'], offVariant: 'b' })).toMatchObject({ off: 'b' });
    expect(() => namedFields({ variants: ['red'] })).toThrow('expected name=value');
  });

  it('leaves out what is not named', () => {
    expect(namedFields({ owner: 'shop', tag: ['none'], expires: 'never' })).toEqual({
      owner: 'shop',
      tags: [],
      expires: null,
    });
  });
});
