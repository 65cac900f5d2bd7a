import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { NewConnector } from '#migrations/connectors/schemas.ts';
import { fieldProblems } from '#platform/errors.ts';
import { exitCode, Failure } from '../failure.ts';

const forms =
  '`cdk deploy --outputs-file <file>`, `aws cloudformation describe-stacks`, or the output Registration itself';

/** Deep enough for every form above. */
const deepest = 6;

const Output = z.looseObject({ OutputKey: z.literal('Registration'), OutputValue: z.string() });
const Outputs = z.looseObject({ Registration: z.string() });
const Itself = z.looseObject({ roleArn: z.unknown(), functions: z.unknown() });

/** Every registration in the outputs of stacks, wherever it stands. */
function registrationsIn(value: unknown, depth = 0): unknown[] {
  if (typeof value !== 'object' || value === null || depth > deepest) return [];
  if (Itself.safeParse(value).success) return [value];
  const one = Output.safeParse(value).data?.OutputValue ?? Outputs.safeParse(value).data?.Registration;
  if (one !== undefined) return [JSON.parse(one)];
  return Object.values(value).flatMap((inner) => registrationsIn(inner, depth + 1));
}

/**
 * The registration in a file with the outputs of a connector's stack. `name` chooses another name than the stack's.
 * @throws Failure (usage) when it cannot be read, holds none or several, or lacks something: each field is named.
 */
export async function readRegistration(file: string, name?: string): Promise<NewConnector> {
  const wrong = (message: string, details: string[] = []) =>
    new Failure(message, { code: exitCode.usage, action: `Expected what comes of ${forms}.`, details });
  let found: unknown[];
  try {
    found = registrationsIn(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw wrong(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [registration, another] = found;
  if (registration === undefined) throw wrong(`${file} holds no connector.`);
  if (another !== undefined) {
    throw wrong(
      `${file} holds ${found.length} connectors, expected one: register each from a file of its own.`,
    );
  }
  const named = name === undefined ? registration : { ...Object(registration), name };
  const parsed = NewConnector.safeParse(named);
  if (parsed.success) return parsed.data;
  const problems = fieldProblems('', parsed.error);
  throw wrong(
    `The connector in ${file} cannot be registered.`,
    problems.map(({ pointer, detail }) => `${pointer}: ${detail}`),
  );
}
