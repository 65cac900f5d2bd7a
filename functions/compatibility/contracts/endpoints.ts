import type { Change } from '../changes.ts';
import type { SchemaComparison } from '../json-schema/compare.ts';
import { type Dialect, pointerTo } from '../json-schema/document.ts';
import { firstProblem, type SchemaSide } from '../json-schema/validator.ts';
import { changeBy } from './rules.ts';
import { contractDialect, type Endpoint, endpointKey, rootOf, type Shape } from './shape.ts';

interface Found {
  contract: Shape;
  dialect: Dialect;
  endpoint: Endpoint;
  at: number;
}

/** Endpoints that went, came, or take and answer something else. What a parameter of the path is called is no change. */
export function compareEndpoints(old: Shape, next: Shape, schemas: SchemaComparison): Change[] {
  const before = byKey(old);
  const after = byKey(next);
  const changes: Change[] = [];
  for (const [endpoint, was] of before) {
    const place = { kind: 'endpoint', endpoint } as const;
    const now = after.get(endpoint);
    if (now) {
      changes.push(
        ...input(endpoint, was, now, schemas),
        ...output(endpoint, was, now, schemas),
        ...errors(endpoint, was, now, schemas),
      );
    } else {
      const message = `Expected ${endpoint} as before, found no such endpoint`;
      changes.push(changeBy('endpoint-removed', { place, pointer: pointerOf(was), message }));
    }
  }
  for (const [endpoint, now] of after) {
    if (before.has(endpoint)) continue;
    const place = { kind: 'endpoint', endpoint } as const;
    changes.push(
      changeBy('endpoint-added', { place, pointer: pointerOf(now), message: `${endpoint} is new` }),
    );
  }
  return changes;
}

function byKey(contract: Shape): Map<string, Found> {
  const dialect = contractDialect(contract);
  return new Map(
    contract.endpoints.map((endpoint, at) => [endpointKey(endpoint), { contract, dialect, endpoint, at }]),
  );
}

const pointerOf = ({ at }: Found, ...steps: string[]) => pointerTo('', 'endpoints', at, ...steps);

function schemaOf(
  { contract, dialect, endpoint, at }: Found,
  part: 'input' | 'output',
): SchemaSide | undefined {
  const schema = endpoint[part];
  if (schema === undefined) return undefined;
  const root = rootOf(contract, { steps: ['endpoints', at, part], schema });
  return { root, dialect };
}

function input(endpoint: string, was: Found, now: Found, schemas: SchemaComparison): Change[] {
  const place = { kind: 'endpoint', endpoint, part: 'input' } as const;
  const [before, after] = [schemaOf(was, 'input'), schemaOf(now, 'input')];
  if (before && after) {
    return schemas.compare(before, after, {
      direction: 'request',
      role: 'accepts',
      prefix: 'request',
      place,
    });
  }
  if (before) {
    const message = `Expected the input that ${endpoint} took, found none`;
    return [changeBy('request-input-removed', { place, pointer: before.root.pointer, message })];
  }
  if (!after) return [];
  const pointer = after.root.pointer;
  const reason = firstProblem(after, {});
  if (reason === undefined) {
    return [
      changeBy('request-input-added', { place, pointer, message: `${endpoint} took nothing and may now` }),
    ];
  }
  const example = { document: {}, acceptedBy: 'old', refusedBy: 'new', reason } as const;
  const message = `${endpoint} took nothing and now refuses a request without input: ${reason}`;
  return [changeBy('request-input-required', { place, pointer, message, example })];
}

function output(endpoint: string, was: Found, now: Found, schemas: SchemaComparison): Change[] {
  const place = { kind: 'endpoint', endpoint, part: 'output' } as const;
  const [before, after] = [schemaOf(was, 'output'), schemaOf(now, 'output')];
  if (before && after) {
    return schemas.compare(before, after, {
      direction: 'response',
      role: 'promises',
      prefix: 'response',
      place,
    });
  }
  if (before) {
    const message = `Expected the output that ${endpoint} promised, found none`;
    return [changeBy('response-output-removed', { place, pointer: before.root.pointer, message })];
  }
  if (!after) return [];
  const message = `${endpoint} says what it answers`;
  return [changeBy('response-output-added', { place, pointer: after.root.pointer, message })];
}

function errors(endpoint: string, was: Found, now: Found, schemas: SchemaComparison): Change[] {
  const [before, after] = [was.endpoint.errors ?? {}, now.endpoint.errors ?? {}];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((status) => {
    const place = { kind: 'endpoint', endpoint, part: 'error', status } as const;
    const side = ({ contract, dialect, at, endpoint: { errors: all } }: Found): SchemaSide | undefined => {
      const schema = all?.[status];
      if (schema === undefined) return undefined;
      const root = rootOf(contract, { steps: ['endpoints', at, 'errors', status], schema });
      return { root, dialect };
    };
    const [one, other] = [side(was), side(now)];
    if (one && other) {
      return schemas.compare(one, other, {
        direction: 'response',
        role: 'promises',
        prefix: 'response',
        place,
      });
    }
    const pointer = (one ?? other)?.root.pointer ?? '';
    return other
      ? [changeBy('error-added', { place, pointer, message: `${endpoint} may answer ${status}` })]
      : [changeBy('error-removed', { place, pointer, message: `${endpoint} no longer declares ${status}` })];
  });
}
