import {
  buildASTSchema,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Lexer,
  parse,
  Source,
  TokenKind,
  validateSchema,
} from 'graphql';
import { validateSDL } from 'graphql/validation/validate.js';
import { type FieldProblem, InvalidInput } from '#platform/errors.ts';

/** What a schema or an operation may be at most. */
export const limits = {
  /** Of text. */
  bytes: 5_000_000,
  /** Braces, brackets and parentheses inside one another. */
  depth: 100,
  /** Types, directives and extensions of a schema; operations and fragments of a document. */
  definitions: 20_000,
  tokens: 2_000_000,
  problems: 20,
} as const;

export interface GraphqlSchema {
  sdl: string;
  schema: GraphQLSchema;
  document: DocumentNode;
}

/**
 * Reads the schema definition language of a whole schema. Throws InvalidInput, with a line for each problem: text that
 * does not parse, types that are not there or declared twice, interfaces not fulfilled, no query type, over a limit.
 */
export function readSchema(sdl: string): GraphqlSchema {
  const document = parseWithin(sdl, 'schema');
  refuse(validateSDL(document));
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  refuse(validateSchema(schema));
  return { sdl, schema, document };
}

function refuse(errors: readonly GraphQLError[]): void {
  if (errors.length === 0) return;
  const problems = errors.slice(0, limits.problems).map(problemOf);
  throw new InvalidInput('Expected a valid GraphQL schema', { problems, action: 'Mend what is named.' });
}

/** Parses a document of GraphQL. Throws InvalidInput with the line where it is none, or what limit it is over. */
export function parseWithin(text: string, what: 'schema' | 'operation'): DocumentNode {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.bytes)
    throw new InvalidInput(`Expected a GraphQL ${what} of at most ${limits.bytes} bytes, found ${bytes}`, {
      action: 'Divide it: a schema into subgraphs, an operation into several.',
    });
  try {
    measure(text);
    const document = parse(text, { maxTokens: limits.tokens });
    if (document.definitions.length > limits.definitions)
      throw new GraphQLError(
        `Expected at most ${limits.definitions} definitions, found ${document.definitions.length}`,
      );
    return document;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new InvalidInput(`Expected a GraphQL ${what}`, {
      problems: [problemOf(error)],
      action: 'Mend the line that is named.',
    });
  }
}

const OPENING: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** The parser goes down by recursion, the lexer does not: what is too deep is found before it can hurt. */
function measure(text: string): void {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (OPENING.has(token.kind) && ++depth > limits.depth)
      throw new GraphQLError(
        `Expected at most ${limits.depth} levels of braces and brackets, found more at line ${token.line}, column ${token.column}`,
      );
    if (CLOSING.has(token.kind)) depth--;
  }
}

/** An error of graphql as a problem of ours, with where it is. */
export function problemOf({ message, locations }: GraphQLError): FieldProblem {
  const [at] = locations ?? [];
  return { pointer: '', detail: at ? `Line ${at.line}, column ${at.column}: ${message}` : message };
}
