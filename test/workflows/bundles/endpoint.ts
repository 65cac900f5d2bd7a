import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { environmentVariable } from '#platform/environment.ts';
import { newId } from '#platform/ids.ts';
import { jsonService } from './json-services.ts';
import { s3Service } from './s3-service.ts';
import { stsService } from './sts-service.ts';
import type { AwsCall, Understood, WireAnswer, WireRequest, WireRole } from './wire.ts';

export interface EndpointOptions {
  /** Told about every call before it is answered; throwing refuses it with that error. */
  onCall: (call: AwsCall) => void | Promise<void>;
  /** Told what a call was answered: its output, or its error. */
  onAnswer: (call: AwsCall, answer: object) => void;
}

export interface Endpoint {
  /** For AWS_ENDPOINT_URL. */
  url: string;
  stop: () => Promise<void>;
}

const Assumed = z.looseObject({ RoleArn: z.string().optional(), ExternalId: z.string().optional() });
const Given = z.looseObject({ Credentials: z.looseObject({ AccessKeyId: z.string() }) });

const credential = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/;

/**
 * The laptop's cloud over HTTP, in the protocols of AWS: for programs that carry an SDK inside, which nothing can be
 * attached to. Who calls is known by the access key, which is the function's name or that of a role it took on; signatures are not checked.
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const roles = new Map<string, WireRole>();
  const server = createServer((request, response) => {
    answerRequest(request, response, options, roles).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: EndpointOptions,
  roles: Map<string, WireRole>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const wire: WireRequest = {
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://localhost'),
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
  const [, key = '', service = ''] = credential.exec(request.headers.authorization ?? '') ?? [];
  if (key === '') throw new Error(`Nobody signed ${wire.method} ${wire.url.pathname}`);
  const role = roles.get(key);
  const caller = role?.function ?? key;
  const protocols: Record<string, () => Understood> = {
    s3: () => s3Service(wire),
    dynamodb: () => dynamodb(wire),
    sts: () => keepingRole(stsService(wire), caller, roles),
  };
  const understood = (protocols[service] ?? (() => jsonService(wire, role)))();
  const call = { function: caller, service, command: understood.command, input: understood.input };
  const answer = await answered(understood, call, options);
  response.writeHead(answer.status, { 'x-amzn-requestid': newId('req'), ...answer.headers });
  response.end(answer.body ?? '');
}

/** What AssumeRole gave is known again by its access key. */
function keepingRole(understood: Understood, caller: string, roles: Map<string, WireRole>): Understood {
  const { RoleArn: roleArn = '', ExternalId: externalId = null } = Assumed.parse(understood.input);
  return {
    ...understood,
    async send() {
      const output = await understood.send();
      const key = Given.parse(output).Credentials.AccessKeyId;
      roles.set(key, { function: caller, roleArn, externalId });
      return output;
    },
  };
}

async function answered(
  { send, answer, failure }: Understood,
  call: AwsCall,
  { onCall, onAnswer }: EndpointOptions,
): Promise<WireAnswer> {
  try {
    await onCall(call);
    const output = await send();
    onAnswer(call, output);
    return await answer(output);
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    onAnswer(call, error);
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }; // of the SDK's own exceptions
    return failure(Object.assign(error, { status: $metadata?.httpStatusCode ?? 400 }));
  }
}

/** The laptop's DynamoDB speaks AWS's protocol itself. */
function dynamodb({ headers, body }: WireRequest): Understood {
  const target = String(headers['x-amz-target']);
  return {
    command: target.split('.').at(-1) ?? '',
    input: JSON.parse(body.toString('utf8')),
    send: () =>
      fetch(environmentVariable('AWS_ENDPOINT_URL_DYNAMODB'), {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': target,
          authorization: String(headers.authorization),
          'x-amz-date': String(headers['x-amz-date']),
        },
        body: new Uint8Array(body),
      }),
    async answer(output) {
      if (!(output instanceof Response)) throw new Error('DynamoDB gave no answer');
      const crc = output.headers.get('x-amz-crc32');
      return {
        status: output.status,
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          ...(crc === null ? {} : { 'x-amz-crc32': crc }),
        },
        body: await output.text(),
      };
    },
    failure: ({ name, message }) => ({ status: 400, body: JSON.stringify({ __type: name, message }) }),
  };
}
