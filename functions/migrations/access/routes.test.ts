import { describe, expect, it } from 'vitest';
import { handler } from '../api.ts';
import { Action, actionFacts, Guarded } from './actions.ts';

const { routes } = handler.definition;

describe('every route', () => {
  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_name, route) => {
    const action = Action.parse(route.needs.action);
    const on = Guarded.parse(route.needs.on);
    // Where something is one database's, its path or body says so, and rights are asked for that very one.
    const [, noun = '', second = ''] = route.path.split('/');
    const named = {
      databases: 'database',
      migrations: 'migration',
      'migration-fleets': 'fleet',
      backups: 'backup',
    };
    const expected = second === '{id}' ? Object.entries(named).find(([one]) => one === noun)?.[1] : undefined;
    if (actionFacts[action].scope === 'platform') expect(on).toBe('platform');
    else if (expected !== undefined) expect(on).toBe(expected);
    // What changes something is never allowed by a right to see.
    if (route.method !== 'GET') expect(action).not.toBe('view_progress');
  });

  it('together need every action but the one that comes on top', () => {
    const needed = new Set<string>(routes.map((route) => route.needs.action));
    expect(Action.options.filter((action) => !needed.has(action))).toEqual(['break_glass']);
  });
});
