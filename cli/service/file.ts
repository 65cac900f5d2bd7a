import { z } from 'zod';
import { ServiceContract } from '#compatibility/contract.ts';
import { fieldProblems } from '#platform/errors.ts';
import { NewVersion } from '#services/new-version.ts';
import { Name } from '#services/schemas.ts';
import { readDocument } from '../document.ts';
import { exitCode, Failure } from '../failure.ts';

/** A file of a service: its name, and what a version is registered with. */
const Registration = z.looseObject({ service: Name });
const HasContract = z.looseObject({ version: z.unknown(), contract: z.unknown() });

function parsed<T extends z.ZodType>(path: string, schema: T, value: unknown, what: string): z.output<T> {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  throw new Failure(`${path} is no ${what}.`, {
    code: exitCode.refused,
    action: 'Correct what is named; docs/services.md has every field.',
    details: fieldProblems('', found.error).map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`),
  });
}

/** The registration in a file. @throws Failure naming each field that is wrong. */
export async function readRegistration(path: string): Promise<{ service: string; body: NewVersion }> {
  const document = await readDocument(path);
  const { service, ...rest } = parsed(path, Registration, document, 'file of a service');
  return { service, body: parsed(path, NewVersion, rest, 'file of a service') };
}

/** The contract in a file: of a registration, or by itself. The version is null where there is none. @throws Failure */
export async function readContract(
  path: string,
): Promise<{ version: string | null; contract: ServiceContract }> {
  const document = await readDocument(path);
  if (!HasContract.safeParse(document).success || !Object.hasOwn(Object(document), 'contract')) {
    return { version: null, contract: parsed(path, ServiceContract, document, 'contract of a service') };
  }
  const { service: _service, ...rest } = parsed(path, Registration, document, 'file of a service');
  const { version, contract } = parsed(path, NewVersion, rest, 'file of a service');
  if (contract !== null) return { version, contract };
  throw new Failure(`${path} has no contract.`, {
    code: exitCode.refused,
    action: 'Add what it promises as `contract`.',
  });
}
