import { randomUUID } from 'node:crypto';
import {
  InvalidArn,
  InvalidExecutionInput,
  InvalidName,
  StateMachineDoesNotExist,
} from '@aws-sdk/client-sfn';
import { parseStateMachineArn } from './arns.ts';
import type { Catalogue } from './catalogue.ts';
import { PAYLOAD_LIMIT } from './failure.ts';

export interface StartInput {
  stateMachineArn: string;
  name?: string;
  /** JSON text. */
  input?: string;
  /** Who asks, when the same asker may ask again after a crash and must get its own execution back. */
  startedBy?: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: AWS's rule names them.
const EXECUTION_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/;

const fault = { $metadata: {} };

/**
 * What an accepted request starts. An unqualified ARN means the newest definition; `version` is set only for a
 * version's ARN.
 * @throws InvalidArn, StateMachineDoesNotExist, InvalidName, InvalidExecutionInput as the SDK has them.
 */
export function checkStart(
  request: StartInput,
  catalogue: Catalogue,
  definitions: ReadonlyMap<string, object>,
) {
  const { stateMachineArn: arn, input: inputText = '{}', name = randomUUID() } = request;
  const parsed = parseStateMachineArn(arn);
  if (!parsed) throw new InvalidArn({ ...fault, message: `Invalid Arn: '${arn}'` });
  const versions = catalogue.versions(parsed.name);
  const { version } = parsed;
  const chosen =
    version === undefined ? versions.at(-1) : versions.find((known) => known.version === version);
  if (!chosen || (version === undefined && !definitions.has(parsed.name))) {
    throw new StateMachineDoesNotExist({ ...fault, message: `State Machine Does Not Exist: '${arn}'` });
  }
  if (!EXECUTION_NAME.test(name)) throw new InvalidName({ ...fault, message: `Invalid Name: '${name}'` });
  checkInput(inputText);
  return { machine: parsed.name, version, hash: chosen.hash, name, inputText };
}

function checkInput(text: string): void {
  const refuse = (message: string) => new InvalidExecutionInput({ ...fault, message });
  if (Buffer.byteLength(text) > PAYLOAD_LIMIT) {
    throw refuse(`Invalid State Machine Execution Input: over ${PAYLOAD_LIMIT} bytes`);
  }
  try {
    JSON.parse(text);
  } catch {
    throw refuse('Invalid State Machine Execution Input: expected JSON text');
  }
}
