import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { MapState } from './definition.ts';
import { StateFailure } from './failure.ts';

/** S3 as far as distributed Maps use it. */
export interface ObjectStore {
  read(bucket: string, key: string): Promise<string>;
  write(bucket: string, key: string, body: string): Promise<void>;
  /** Up to `limit` objects whose keys begin with the prefix. */
  list(bucket: string, prefix: string | undefined, limit: number): Promise<unknown[]>;
}

/** How long one call to S3 may take, in milliseconds. */
const S3_TIMEOUT_MS = 30_000;

/** The object store of an SDK client. */
export function objectStore(client: S3Client): ObjectStore {
  const options = () => ({ abortSignal: AbortSignal.timeout(S3_TIMEOUT_MS) });
  return {
    async read(bucket, key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), options());
      return (await Body?.transformToString()) ?? '';
    },
    async write(bucket, key, body) {
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/json' }),
        options(),
      );
    },
    async list(bucket, prefix, limit) {
      const found: unknown[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            ...(prefix !== undefined && { Prefix: prefix }),
            ...(ContinuationToken !== undefined && { ContinuationToken }),
          }),
          options(),
        );
        for (const { ETag, Key, LastModified, Size, StorageClass } of page.Contents ?? []) {
          found.push({
            Etag: ETag ?? '',
            Key: Key ?? '',
            LastModified: Math.floor((LastModified?.getTime() ?? 0) / 1_000),
            Size: Size ?? 0,
            StorageClass: StorageClass ?? 'STANDARD',
          });
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined && found.length < limit);
      return found.slice(0, limit);
    },
  };
}

/** What an ItemReader's fields evaluated to. */
export interface ReadRequest {
  resource: string;
  arguments: Record<string, unknown>;
  config: NonNullable<MapState['ItemReader']>['ReaderConfig'];
  /** MaxItems; 0 means all. */
  maxItems: number;
}

/** AWS's own bound on the items of a Map run. */
const MOST_ITEMS = 100_000_000;

/**
 * The items of a distributed Map from S3: a JSON array, JSON lines, CSV rows as objects, or a listing.
 * @throws StateFailure States.ItemReaderFailed when S3 refuses or the object is not what ReaderConfig says.
 */
export async function readItems(store: ObjectStore | undefined, request: ReadRequest): Promise<unknown[]> {
  const limit = request.maxItems === 0 ? MOST_ITEMS : request.maxItems;
  try {
    if (!store) throw new Error('no S3 was given to this engine');
    const { Bucket, Key, Prefix } = request.arguments;
    if (typeof Bucket !== 'string') throw new Error('Arguments.Bucket is not text');
    if (request.resource.endsWith('listObjectsV2')) {
      return await store.list(Bucket, typeof Prefix === 'string' ? Prefix : undefined, limit);
    }
    if (typeof Key !== 'string') throw new Error('Arguments.Key is not text');
    return parseItems(await store.read(Bucket, Key), request.config).slice(0, limit);
  } catch (error) {
    throw new StateFailure('States.ItemReaderFailed', error instanceof Error ? error.message : String(error));
  }
}

function parseItems(text: string, config: ReadRequest['config']): unknown[] {
  if (config?.InputType === 'JSONL') {
    return text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line));
  }
  if (config?.InputType === 'CSV') return parseCsv(text, config);
  const items: unknown = JSON.parse(text);
  if (!Array.isArray(items)) throw new Error('expected a JSON array');
  return items;
}

const DELIMITERS = { COMMA: ',', PIPE: '|', SEMICOLON: ';', SPACE: ' ', TAB: '\t' };

/** Rows as objects of texts, by RFC 4180's quoting. */
function parseCsv(text: string, config: NonNullable<ReadRequest['config']>): unknown[] {
  const rows = csvRows(text, DELIMITERS[config.CSVDelimiter ?? 'COMMA']);
  const headers = config.CSVHeaderLocation === 'GIVEN' ? (config.CSVHeaders ?? []) : (rows.shift() ?? []);
  return rows.map((row) => Object.fromEntries(headers.map((header, index) => [header, row[index] ?? ''])));
}

function csvRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || field !== '') rows.push(row);
    row = [];
    field = '';
  };
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === delimiter) {
      row.push(field);
      field = '';
    } else if (char === '\n') endRow();
    else if (char !== '\r' || text[index + 1] !== '\n') field += char;
  }
  endRow();
  return rows;
}
