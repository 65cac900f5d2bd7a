import { composeServices } from '@theguild/federation-composition';
import type { GraphQLError } from 'graphql';
import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { pointerTo } from '../json-schema/document.ts';
import { type GraphqlSchema, limits, parseWithin, readSchema } from './schema.ts';

/** One service's part of a supergraph. */
export interface Subgraph {
  name: string;
  /** Where the router finds it. */
  url?: string | undefined;
  sdl: string;
}

export interface Supergraph {
  /** What a router of federation runs on: with the directives that say which subgraph has what. */
  supergraphSdl: string;
  /** What clients see. */
  publicSdl: string;
  schema: GraphqlSchema['schema'];
}

/**
 * Composes subgraphs after Apollo's federation, 1 or 2, in the order of their names, so that the same subgraphs give the
 * same text. Throws InvalidInput with every reason why they do not fit, each with the subgraph where it is known.
 */
export function composeSupergraph(subgraphs: readonly Subgraph[]): Supergraph {
  const sorted = [...subgraphs].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parsed = sorted.map(({ name, url = '', sdl }) => ({
    name,
    url,
    typeDefs: parsedSubgraph(name, sdl),
  }));
  if (parsed.length === 0)
    throw new InvalidInput('Expected at least one subgraph, found none', {
      action: 'Publish a subgraph first.',
    });
  const composed = composition(parsed);
  if (composed.errors) {
    throw new InvalidInput('The subgraphs do not compose', {
      problems: composed.errors.slice(0, limits.problems).map((error) => problemOfComposition(error, sorted)),
      action: 'Mend what is named: `theseus api subgraph check` tells without storing anything.',
    });
  }
  const { supergraphSdl, publicSdl } = composed;
  return { supergraphSdl, publicSdl, schema: readSchema(publicSdl).schema };
}

/** The library throws at some schemas that are none: that is no defect of the platform. */
function composition(parsed: Parameters<typeof composeServices>[0]): ReturnType<typeof composeServices> {
  try {
    return composeServices(parsed);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new InvalidInput('The subgraphs could not be composed', {
      problems: [{ pointer: '', detail }],
      action: 'Mend the subgraphs: one of them is not what the Federation specification asks for.',
    });
  }
}

function parsedSubgraph(name: string, sdl: string) {
  try {
    return parseWithin(sdl, 'schema');
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(
      `The subgraph ${name} does not parse: ${error.problems[0]?.detail ?? error.message}`,
      {
        problems: error.problems.map(({ detail }) => ({ pointer: pointerTo('', name), detail })),
        action: 'Mend the line that is named.',
      },
    );
  }
}

/** The errors of composition begin with the subgraph in brackets, or name it in their text. */
function problemOfComposition(
  { message, extensions }: GraphQLError,
  subgraphs: readonly Subgraph[],
): FieldProblem {
  const named = /^\[([^\]]+)\]/.exec(message)?.[1];
  const subgraph = subgraphs.find(({ name }) => name === named || message.includes(`"${name}"`));
  const code = typeof extensions.code === 'string' ? `${extensions.code}: ` : '';
  return { pointer: subgraph ? pointerTo('', subgraph.name) : '', detail: `${code}${message}` };
}
