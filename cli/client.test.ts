import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { call, detailsOf } from './client.ts';

it('names every refused field once', () => {
  const one = { pointer: '/operations/0/add_colum', detail: '"add_colum" is not an operation' };
  const two = { pointer: '', detail: 'Not YAML or JSON at line 1' };
  expect(detailsOf('The migration file has 1 problem', [one])).toEqual([`${one.pointer}: ${one.detail}`]);
  expect(detailsOf(`Refused: ${one.detail}`, [one])).toEqual([]);
  expect(detailsOf('The migration file has 2 problems', [one, two])).toEqual([
    `${one.pointer}: ${one.detail}`,
    '/: Not YAML or JSON at line 1',
  ]);
});

it('asks again under one key when the answer came too late, and takes it when it is there', async () => {
  const problem = (status: number, type: string) => [
    status,
    { title: type, status, type: `urn:theseus:problem:${type}` },
  ];
  const answers = [problem(503, 'ServiceUnavailable'), problem(409, 'RequestInProgress'), [200, { id: 'x' }]];
  const keys = new Set<unknown>();
  const server = createServer((request, response) => {
    keys.add(request.headers['idempotency-key']);
    const [status, body] = answers.shift() ?? [500, {}];
    response.writeHead(Number(status)).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const platform = { url, token: 'token' };
  const answer = z.object({ id: z.string() });
  expect(await call(platform, { method: 'POST', path: '/', answer })).toEqual({ id: 'x' });
  expect(keys.size).toBe(1);
  // Without a try of our own before, somebody else's request is in the way.
  answers.push(problem(409, 'RequestInProgress'));
  await expect(call(platform, { method: 'POST', path: '/', answer })).rejects.toThrow('RequestInProgress');
  server.close();
});
