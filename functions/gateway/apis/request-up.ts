import { InvalidInput, UnsupportedMediaType } from '#platform/errors.ts';
import { TransformationFailed } from '#transformations/errors.ts';
import { Misfit } from '#transformations/misfit.ts';
import type { HeaderFields } from '../serving/headers.ts';
import type { Asked } from './choice.ts';
import type { RequestDocument } from './document.ts';
import { unmarkedConditions } from './entity-tags.ts';
import { headersOf, parametersOf, queryOf } from './parameters.ts';
import type { ReadyVersion } from './ready-version.ts';

/** A request as the service gets it. */
export interface Raised extends Asked {
  body: () => Buffer | Promise<Buffer>;
}

/**
 * A request of a version as the service knows it. Throws InvalidInput for a document that does not fit the changes,
 * UnsupportedMediaType for a body that is not JSON where changes are about it, TransformationFailed when a change fails.
 */
export async function requestUp(
  version: ReadyVersion,
  endpoint: string,
  asked: Asked,
  document: RequestDocument,
): Promise<Raised> {
  const { request, requestBody, response, errors } = version.changes.touches(endpoint);
  const headers = response || errors ? forWholeAnswer(asked.headers, version.version) : asked.headers;
  if (!request) return { ...asked, headers, body: document.bytes };
  const value = await document.value();
  if (requestBody && value === undefined && (await document.bytes()).length > 0) {
    throw new UnsupportedMediaType(
      `${endpoint} changed since version ${version.version}: bodies of that version must be JSON`,
    );
  }
  const query = parametersOf(asked.query);
  const chain = await version.changes.chain();
  try {
    const raised = chain.request(endpoint, { query, headers, body: value });
    const fields = raised.headers === headers ? headers : headersOf(raised.headers);
    const sent = raised.query === query ? asked.query : queryOf(raised.query);
    if (raised.body === value)
      return { path: asked.path, query: sent, headers: fields, body: document.bytes };
    const bytes = raised.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(raised.body));
    const { 'content-encoding': _, ...plain } = fields;
    return {
      path: asked.path,
      query: sent,
      headers: { 'content-type': 'application/json', ...plain },
      body: () => bytes,
    };
  } catch (error) {
    throw refusalOf(error, endpoint, version.version);
  }
}

/** An answer that is changed is read whole: no part of it is asked for, and not compressed. */
function forWholeAnswer(headers: HeaderFields, version: string): HeaderFields {
  const { range: _range, 'if-range': _ifRange, ...rest } = unmarkedConditions(headers, version);
  return { ...rest, 'accept-encoding': 'identity' };
}

/** What the client sent is its own affair; a change that fails is ours. */
function refusalOf(error: unknown, endpoint: string, version: string): unknown {
  if (!(error instanceof TransformationFailed) || !(error.cause instanceof Misfit)) return error;
  const { change, pointer } = error;
  return new InvalidInput(
    `The request does not fit version ${version} of ${endpoint}: ${error.cause.message}`,
    {
      problems: [{ pointer: `/body${pointer}`, detail: error.cause.message }],
      evidence: { change, version },
      action: error.action ?? 'Send a document that is valid in this version.',
    },
  );
}
