import type { Cloud } from '#local/cloud.ts';

/** A request to the API of a platform in its owner's name, and what came back. */
export async function sendTo(
  { url, token }: Pick<Cloud, 'url' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
) {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}
