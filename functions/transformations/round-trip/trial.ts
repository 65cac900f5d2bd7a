import type { ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { compile, problemText } from '#compatibility/json-schema/validator.ts';
import { run, type Step } from '../chain.ts';
import { TransformationFailed, type Way } from '../errors.ts';
import type { List, TransformedDocument } from '../operations/compile.ts';
import { pointerOf, stepsOf } from '../pointers.ts';
import type { PartSchema } from '../surface/surface.ts';
import { firstDifference } from './compare.ts';
import { documentsOf } from './documents.ts';
import { type Loss, lossesOf, olderPlace } from './losses.ts';

type PartName = 'body' | 'query' | 'headers';
type Parts = Partial<Record<PartName, PartSchema>>;

/** One list of one endpoint, run one way on documents of `from`; what comes of them is to be valid in `to`. */
export interface Trial {
  endpoint: string;
  list: List;
  steps: readonly Step[];
  way: Way;
  from: Parts;
  to: Parts;
  /** The operations that an answer has undone, where it is of the same schemas as the request. */
  echo?: readonly Step[];
}

/** `fails`: a change refuses the document. `not-valid`: what comes of it is not valid. `does-not-come-back`: done and undone it is another, and nobody said that something is lost. */
export type Fault = 'fails' | 'not-valid' | 'does-not-come-back';

/** The smallest document found that shows a fault. */
export interface RoundTripFailure {
  endpoint: string;
  list: List;
  fault: Fault;
  /** The change that is to blame, where that is known. */
  change: string | undefined;
  /** Where, in the document as it came out; parts other than the body begin with their name. */
  pointer: string;
  message: string;
  document: TransformedDocument;
  result: TransformedDocument | undefined;
}

interface Outcome {
  failure: RoundTripFailure | undefined;
  documents: number;
  reason: string | undefined;
}

const names: readonly PartName[] = ['body', 'query', 'headers'];

/** Tries documents until one shows a fault, and makes that one as small as it can be. */
export function firstFailure(
  trial: Trial,
  { runs, seed, time }: { runs: number; seed: number; time: number },
): Outcome {
  const made = generated(trial);
  if (typeof made === 'string') return { failure: undefined, documents: 0, reason: made };
  const validators = validatorsOf(trial.to);
  const usable = validatorsOf(trial.from);
  const details = fc.check(
    fc.property(made, (document) => {
      fc.pre(names.every((part) => usable[part]?.(partOf(document, part)) !== false));
      return faultOf(trial, document, validators) === undefined;
    }),
    {
      numRuns: runs,
      seed,
      interruptAfterTimeLimit: Math.max(1, time),
      markInterruptAsFailure: false,
      maxSkipsPerRun: 20,
    },
  );
  const [document] = details.counterexample ?? [];
  const failure = document && faultOf(trial, document, validators);
  const documents = details.numRuns;
  if (failure) return { failure, documents, reason: undefined };
  const reason =
    documents >= runs
      ? undefined
      : documents === 0
        ? 'no valid document was found for its schema'
        : `only ${documents} of ${runs} documents were tried`;
  return { failure: undefined, documents, reason };
}

/** Documents of a trial; a text saying why there are none. */
function generated({ from, list }: Trial): fc.Arbitrary<TransformedDocument> | string {
  const parts: Partial<Record<PartName, fc.Arbitrary<unknown>>> = {};
  for (const part of names) {
    const schema = from[part];
    if (!schema || saysNothing(schema)) continue;
    const documents = documentsOf(schema.side);
    if (!documents) return `no document was found for the schema of its ${part}`;
    parts[part] = documents;
  }
  if (Object.keys(parts).length === 0) return 'nothing says what its documents are';
  const fields = (part: PartName) =>
    (parts[part] ?? fc.constant({})) as fc.Arbitrary<Record<string, unknown>>;
  const body = parts.body ?? fc.constant(undefined);
  if (list === 'request') return fc.record({ query: fields('query'), headers: fields('headers'), body });
  return fc.record({ status: fc.constant(list === 'errors' ? 400 : 200), headers: fc.constant({}), body });
}

const saysNothing = ({ side: { root } }: PartSchema) =>
  typeof root.schema === 'boolean' ? root.schema : Object.keys(root.schema).length === 0;

type Validators = Partial<Record<PartName, ValidateFunction>>;

function validatorsOf(parts: Parts): Validators {
  const found: Validators = {};
  for (const part of names) {
    const schema = parts[part];
    const validate = schema && compile(schema.side);
    if (validate) found[part] = validate;
  }
  return found;
}

const partOf = (document: TransformedDocument, part: PartName): unknown =>
  part === 'query' ? ('query' in document ? document.query : undefined) : document[part];

function faultOf(
  trial: Trial,
  document: TransformedDocument,
  validators: Validators,
): RoundTripFailure | undefined {
  const { endpoint, list, steps, way } = trial;
  const described = { endpoint, list, document };
  let result: TransformedDocument | undefined;
  try {
    result = run(way === 'up' ? steps : steps.toReversed(), way, document);
    const invalid = invalidPart(result, validators);
    if (invalid) {
      const { part, place, message } = invalid;
      const change = changeAt(steps, part, place);
      return { ...described, fault: 'not-valid', change, pointer: placed(part, place), message, result };
    }
    return way === 'up' ? wayBack(trial, document, result) : undefined;
  } catch (error) {
    if (!(error instanceof TransformationFailed)) throw error;
    const { change, pointer, message } = error;
    return { ...described, fault: 'fails', change, pointer, message, result };
  }
}

/** What does not come back of a document that went up; undefined when all does, or nothing leads back. */
function wayBack(
  { endpoint, list, steps, echo }: Trial,
  document: TransformedDocument,
  result: TransformedDocument,
): RoundTripFailure | undefined {
  const back = echo ?? steps;
  if (back.some(({ compiled }) => compiled.down === undefined)) return undefined;
  const newest: TransformedDocument = echo ? { status: 200, headers: {}, body: result.body } : result;
  const returned = run(back.toReversed(), 'down', newest);
  const losses = [...lossesBefore(steps), ...(echo ? lossesBefore(echo) : [])];
  for (const part of echo ? (['body'] as const) : names) {
    const lost = losses.filter((one) => one.part === part).map((one) => one.steps);
    const place = firstDifference(partOf(document, part), partOf(returned, part), lost, echo !== undefined);
    if (!place) continue;
    const change = echo ? undefined : guilty(steps, document);
    const where = placed(part, place);
    const message = echo
      ? `what is sent and given back differs at ${where || 'its root'}: the answer lacks the counterpart of an operation of the request`
      : `done and undone it differs at ${where || 'its root'}, and nothing is declared to be lost there`;
    return {
      endpoint,
      list,
      fault: 'does-not-come-back',
      change,
      pointer: where,
      message,
      document,
      result: returned,
    };
  }
  return undefined;
}

/** What all steps lose, as the oldest document calls it. */
function lossesBefore(steps: readonly Step[]): Loss[] {
  return steps.flatMap(({ operation }, at) =>
    lossesOf(operation).map((loss) =>
      steps.slice(0, at).reduceRight((place, before) => olderPlace(before.operation, place), loss),
    ),
  );
}

/** The first change whose own way back does not lead back. */
function guilty(steps: readonly Step[], document: TransformedDocument): string | undefined {
  let current = document;
  for (const step of steps) {
    const after = run([step], 'up', current);
    const back = run([step], 'down', after);
    const losses = lossesOf(step.operation);
    for (const part of names) {
      const lost = losses.filter((one) => one.part === part).map((one) => one.steps);
      if (firstDifference(partOf(current, part), partOf(back, part), lost)) return step.change;
    }
    current = after;
  }
  return undefined;
}

function invalidPart(
  document: TransformedDocument,
  validators: Validators,
): { part: PartName; place: string[]; message: string } | undefined {
  for (const part of names) {
    const validate = validators[part];
    if (!validate) continue;
    const value = partOf(document, part);
    if (value === undefined || validate(value)) continue;
    const [error] = validate.errors ?? [];
    return { part, place: stepsOf(error?.instancePath ?? ''), message: problemText(error) };
  }
  return undefined;
}

const placed = (part: PartName, steps: readonly string[]) =>
  pointerOf(part === 'body' ? steps : [part, ...steps]);

/** The last change that has an operation at a place, or above or below it. */
function changeAt(steps: readonly Step[], part: PartName, place: readonly string[]): string | undefined {
  const met = (pointer: string) =>
    stepsOf(pointer)
      .slice(0, Math.max(1, place.length))
      .every((step, at) => step === '*' || place[at] === undefined || step === place[at]);
  return steps.findLast(({ operation }) => {
    if (('in' in operation ? operation.in : 'body') !== part) return false;
    if (operation.op === 'move') return met(operation.from) || met(operation.to);
    if (operation.op === 'rename')
      return met(operation.at) || met(operation.at.replace(/[^/]*$/, operation.to));
    return 'at' in operation ? met(operation.at) : true;
  })?.change;
}
