import { hash } from 'node:crypto';
import { GraphQLError, Source as GraphqlSource, Lexer, TokenKind } from 'graphql';
import type { DescriptionBase, Kind } from '../description-kind.ts';
import type { Source } from '../source.ts';
import { compareSchemas } from './compare.ts';
import { announcedRules, graphqlRules } from './rules.ts';
import { type GraphqlSchema, readSchema } from './schema.ts';

export interface Graphql extends DescriptionBase, GraphqlSchema {
  kind: 'graphql';
}

/** The schema definition language of GraphQL. */
export const graphqlKind: Kind<Graphql> = {
  recognises: ({ text }) => beginsLikeSchema(text),
  read: readGraphql,
  compare: (old, next, options) =>
    old.digest === next.digest ? [] : compareSchemas(old.schema, next.schema, options),
  rules: () => [...Object.keys(graphqlRules), ...Object.keys(announcedRules)],
};

function readGraphql({ text }: Pick<Source, 'text'>): Graphql {
  const read = readSchema(text);
  return {
    kind: 'graphql',
    format: 'SDL',
    title: read.schema.description?.split('\n')[0]?.slice(0, 200) || 'GraphQL schema',
    version: undefined,
    digest: hash('sha256', text),
    ...read,
  };
}

const KEYWORDS = new Set([
  ...['schema', 'type', 'interface', 'union', 'enum', 'input', 'scalar', 'directive', 'extend'],
]);

/** A word of the language behind comments and descriptions, and no colon behind that, which would be YAML. */
function beginsLikeSchema(text: string): boolean {
  try {
    const lexer = new Lexer(new GraphqlSource(text));
    let token = lexer.advance();
    while (token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING) token = lexer.advance();
    const isKeyword = token.kind === TokenKind.NAME && KEYWORDS.has(token.value);
    return isKeyword && lexer.advance().kind !== TokenKind.COLON;
  } catch (error) {
    if (error instanceof GraphQLError) return false;
    throw error;
  }
}
