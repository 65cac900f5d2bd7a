import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Capability } from './capability.ts';
import { functionName } from './capability.ts';
import { functionArn } from './lambda/arn.ts';
import { stateMachineArn } from './step-functions/arns.ts';

const json = z.record(z.string(), z.unknown());

/** `back-up-rows` → `BackUpRows`, as placeholders and CloudFormation's logical ids are written. */
const pascal = (name: string) => name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Every placeholder the files of a capability may use, with the ARN it stands for. */
function placeholdersOf(capability: Capability): Map<string, string> {
  const functions = Object.keys(capability.functions).map((name): [string, string] => [
    `${pascal(name)}FunctionArn`,
    functionArn(functionName(capability, name)),
  ]);
  const machines = Object.keys(capability.stateMachines).map((name): [string, string] => [
    `${pascal(name)}StateMachineArn`,
    stateMachineArn(name),
  ]);
  return new Map([...functions, ...machines]);
}

/**
 * Reads the state machine files of a capability, placeholders filled in as a deployment does.
 * @throws Error naming file and placeholder when one stands for nothing.
 */
export async function loadDefinitions(
  capability: Capability,
): Promise<Record<string, Record<string, unknown>>> {
  const placeholders = placeholdersOf(capability);
  const loaded = Object.entries(capability.stateMachines).map(async ([name, file]) => {
    const text = (await readFile(file, 'utf8')).replaceAll(/\$\{(\w+)\}/g, (whole, placeholder: string) => {
      const arn = placeholders.get(placeholder);
      if (arn !== undefined) return arn;
      throw new Error(`${file.pathname} uses ${whole}; known are ${[...placeholders.keys()].join(', ')}`);
    });
    return [name, json.parse(JSON.parse(text))] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}
