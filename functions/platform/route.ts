import { z } from 'zod';
import type { Caller, Needs, ParsedRequest } from './access.ts';
import { fieldProblems, Internal, InvalidInput } from './errors.ts';
import type { InvocationLogger, InvocationMetrics } from './telemetry.ts';

/** What a route's handler knows besides its parsed input. */
export interface RequestTools {
  caller: Caller;
  /** The caller's Idempotency-Key; ids derived from it make a taken-over run finish the first one's work. */
  idempotencyKey: string | undefined;
  /** A header of the request, by its name in lower case. */
  header: (name: string) => string | undefined;
  requestId: string;
  /** Ms left until the invocation is cut off. */
  deadline: () => number;
  logger: InvocationLogger;
  metrics: InvocationMetrics;
}

export interface RouteAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Schema = z.ZodType | undefined;
type Parsed<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;
type Responses = Record<number, z.ZodType>;
type Answer<R extends Responses> = {
  [S in keyof R & number]: { status: S; body: z.input<R[S]>; headers?: Record<string, string> };
}[keyof R & number];

interface RouteDefinition<P extends Schema, Q extends Schema, B extends Schema, R extends Responses> {
  method: Method;
  /** For example `/migrations/{id}/start`; every name in braces is a field of `params`. */
  path: string;
  summary: string;
  /** Longer explanation for the OpenAPI document. */
  description?: string;
  /** What a caller must be allowed to do, and to what. */
  needs: Needs;
  params?: P;
  query?: Q;
  body?: B;
  /** Its answer holds a secret: it is kept for no repetition, which the handler itself has to make harmless. */
  answersSecret?: boolean;
  /** Programs call it all the time and nobody decides anything by it: it is not entered in the audit trail. */
  routine?: boolean;
  /** Media types of an answer that is a text and no JSON; the handler says by `content-type` which it is. */
  produces?: readonly string[];
  /** Body schema per status; z.undefined() where there is no body. */
  responses: R;
  handler: (
    request: RequestTools & { params: Parsed<P>; query: Parsed<Q>; body: Parsed<B> },
  ) => Promise<Answer<NoInfer<R>>>;
}

/** What came over the wire, before any schema has seen it. */
export interface RawRequest {
  params: Record<string, string>;
  query: Record<string, string | string[]>;
  body: unknown;
}

/** A route whose types are closed over: the router and the OpenAPI document need no more. */
export interface Route {
  method: Method;
  path: string;
  summary: string;
  description: string | undefined;
  needs: Needs;
  params: Schema;
  query: Schema;
  body: Schema;
  answersSecret: boolean;
  routine: boolean;
  produces: readonly string[];
  responses: Responses;
  /** Parses every part; throws InvalidInput naming all refused fields. `run` runs the handler. */
  prepare: (raw: RawRequest) => ParsedRequest & { run: (tools: RequestTools) => Promise<RouteAnswer> };
}

/** Unknown fields are refused unless the schema says otherwise itself. */
const strict = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;

/**
 * One path and method of a capability's API. Every part is parsed before the handler runs, and what the
 * handler answers is parsed before it leaves.
 */
export function route<
  R extends Responses,
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
>(definition: RouteDefinition<P, Q, B, R>): Route {
  const { method, path, summary, needs, responses, handler } = definition;

  return {
    method,
    path,
    summary,
    description: definition.description,
    needs,
    params: definition.params,
    query: definition.query,
    body: definition.body,
    answersSecret: definition.answersSecret ?? false,
    routine: definition.routine ?? false,
    produces: definition.produces ?? ['application/json'],
    responses,
    prepare(raw) {
      const problems: InvalidInput['problems'] = [];
      function parse<S extends Schema>(schema: S | undefined, prefix: string, value: unknown): Parsed<S> {
        const found = (schema === undefined ? nothing : strict(schema)).safeParse(value);
        if (!found.success) problems.push(...fieldProblems(prefix, found.error));
        // A conditional type cannot be narrowed by a value; the schema that parsed is S or `nothing`.
        return found.data as Parsed<S>;
      }
      const params = parse<P>(definition.params, '/path', definition.params ? raw.params : undefined);
      const query = parse<Q>(
        definition.query,
        '/query',
        definition.query || hasKeys(raw.query) ? raw.query : undefined,
      );
      const body = parse<B>(definition.body, '/body', raw.body);
      if (problems.length > 0) {
        throw new InvalidInput(
          problems.length === 1
            ? `${problems[0]?.pointer}: ${problems[0]?.detail}`
            : `${problems.length} fields are invalid`,
          { problems, action: 'Correct the fields that `errors` names, then send it again.' },
        );
      }
      const run = async (tools: RequestTools): Promise<RouteAnswer> => {
        const answer: RouteAnswer = await handler({ ...tools, params, query, body });
        const checked = responses[answer.status]?.safeParse(answer.body);
        if (!checked?.success) {
          throw new Internal(`The answer of ${method} ${path} is outside its contract`, {
            evidence: {
              status: answer.status,
              problems: checked ? fieldProblems('/response', checked.error) : [],
            },
          });
        }
        return { ...answer, body: checked.data };
      };
      return { params, query, body, run };
    },
  };
}

const nothing = z.undefined({ error: 'Nothing is expected here' });
const hasKeys = (value: object) => Object.keys(value).length > 0;
