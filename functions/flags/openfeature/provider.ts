import {
  ErrorCode,
  type EvaluationContext,
  type JsonValue,
  type Logger,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderNotReadyError,
  type ResolutionDetails,
  StandardResolutionReasons,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import { clock } from '#platform/clock.ts';
import type { Context, Resolved } from '../evaluation/evaluation.ts';
import { isSomebody, longestTrackName } from '../experiments/limits.ts';
import type { FlagSource, SourceEvent } from '../reading/flag-source.ts';
import type { Assignments } from './assignments.ts';
import { openSource, type SourceOptions } from './source.ts';
import { type Track, tracksTo } from './tracks.ts';

export type TheseusProviderOptions = SourceOptions & {
  /** Told once what is wrong, until it is over: for a log. By default it goes to the SDK's logger. */
  onProblem?: (message: string) => void;
  /** Where sticky variants of experiments are remembered. */
  assignments?: Assignments;
  /** Awaited before conversions are sent; `flush` of the exposure hook: conversions count for what was seen before. */
  beforeTracks?: () => Promise<unknown>;
};

const noLogger: Pick<Logger, 'warn'> = { warn: () => {} };

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isString = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isStructure = (value: unknown): boolean => typeof value === 'object' && value !== null;

const nameOf = (value: unknown): string =>
  Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;

/**
 * Flags of a Theseus environment for OpenFeature's server SDK, evaluated in the process. Where nothing is known yet the
 * code's own defaults are given, with PROVIDER_NOT_READY, while the flags go on being asked for.
 */
export class TheseusProvider implements Provider {
  readonly metadata = { name: 'theseus' } as const;
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly #source: FlagSource;
  readonly #background: boolean;
  readonly #assignments: Assignments | undefined;
  readonly #tracks: ReturnType<typeof tracksTo> | undefined;
  readonly #onProblem: ((message: string) => void) | undefined;
  readonly #unsubscribe: () => void;
  #initialized = false;
  #logger: Pick<Logger, 'warn'> = noLogger;

  constructor(options: TheseusProviderOptions) {
    const { source, background, endpoint } = openSource(options);
    this.#source = source;
    this.#background = background;
    this.#assignments = options.assignments;
    this.#onProblem = options.onProblem;
    this.#tracks = endpoint && tracksTo(endpoint, options.beforeTracks);
    this.#unsubscribe = source.subscribe((event) => this.#tell(event));
  }

  /** Waits for the flags as long as the budget allows. Throws ProviderNotReadyError beyond; they go on being asked for. */
  async initialize(): Promise<void> {
    const known = await this.#source.get();
    if (this.#background) this.#source.poll();
    this.#initialized = true;
    if (known === undefined) {
      throw new ProviderNotReadyError(
        `No flags yet: ${this.#source.message()}; defaults are given meanwhile`,
      );
    }
    const state = this.#source.state();
    // The SDK takes this for ready; what is stale by now it is to hear after that.
    if (state !== 'ready') {
      const message = this.#source.message();
      void clock.sleep(0).then(() => this.#tell({ kind: 'state', state, message }));
    }
  }

  async onClose(): Promise<void> {
    this.#unsubscribe();
    this.#source.close();
    await this.#tracks?.close();
  }

  async resolveBooleanEvaluation(
    key: string,
    given: boolean,
    context: EvaluationContext,
    logger: Logger,
  ): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(key, given, context, logger, 'boolean', isBoolean);
  }

  async resolveStringEvaluation(
    key: string,
    given: string,
    context: EvaluationContext,
    logger: Logger,
  ): Promise<ResolutionDetails<string>> {
    return this.#resolve(key, given, context, logger, 'string', isString);
  }

  async resolveNumberEvaluation(
    key: string,
    given: number,
    context: EvaluationContext,
    logger: Logger,
  ): Promise<ResolutionDetails<number>> {
    return this.#resolve(key, given, context, logger, 'number', isNumber);
  }

  async resolveObjectEvaluation<T extends JsonValue>(
    key: string,
    given: T,
    context: EvaluationContext,
    logger: Logger,
  ): Promise<ResolutionDetails<T>> {
    // The caller says what the structure is, as everywhere in OpenFeature; that it is one is checked.
    return this.#resolve(key, given, context, logger, 'object', (value): value is T => isStructure(value));
  }

  /** Queued; sent with others. Who has no targetingKey is nobody whom an experiment could count. */
  track(name: string, context: EvaluationContext, { value }: TrackingEventDetails = {}): void {
    const { targetingKey } = context;
    if (!isSomebody(targetingKey) || name.length > longestTrackName) return;
    const track: Track = { name, targetingKey, at: clock.iso(), ...(value === undefined ? {} : { value }) };
    this.#tracks?.add(track);
  }

  /** Sends what is queued: for the end of an invocation of Lambda, which is frozen after it. */
  async flush(): Promise<void> {
    await this.#tracks?.flush();
  }

  async #resolve<T>(
    key: string,
    given: T,
    context: Context,
    logger: Logger,
    expected: string,
    fits: (value: unknown) => value is T,
  ): Promise<ResolutionDetails<T>> {
    this.#logger = logger;
    const set = await this.#source.get();
    const failed = (errorCode: ErrorCode, errorMessage: string, flagMetadata = {}): ResolutionDetails<T> => ({
      value: given,
      reason: StandardResolutionReasons.ERROR,
      errorCode,
      errorMessage,
      flagMetadata,
    });
    if (set === undefined) {
      return failed(ErrorCode.PROVIDER_NOT_READY, `No flags yet: ${this.#source.message()}`);
    }
    const found = set.evaluate(key, context, Math.floor(clock.now() / 1_000));
    const metadata = this.#source.state() === 'ready' ? found.metadata : { ...found.metadata, stale: true };
    if (found.errorCode !== undefined) {
      return failed(ErrorCode[found.errorCode], found.errorMessage, metadata);
    }
    const { reason } = found;
    if (found.variant === undefined) return { value: given, reason, flagMetadata: metadata };
    const { value, variant } = await this.#sticky(key, found, context);
    if (fits(value)) return { value, variant, reason, flagMetadata: metadata };
    return failed(
      ErrorCode.TYPE_MISMATCH,
      `The flag ${key} has a value of type ${nameOf(value)}, expected ${expected}`,
      metadata,
    );
  }

  /** Of an experiment whoever came once keeps the variant of then, as long as the flag has it. */
  async #sticky(
    flag: string,
    found: Resolved,
    { targetingKey }: Context,
  ): Promise<{ value: unknown; variant: string }> {
    const { metadata, variant } = found;
    if (metadata.sticky !== true || metadata.killed === true || !this.#assignments || !targetingKey)
      return found;
    const kept = await this.#assignments.assigned({ flag, targetingKey, variant });
    const flags = this.#source.documents()?.flags.document.flags ?? {};
    const variants = Object.hasOwn(flags, flag) ? flags[flag]?.variants : undefined;
    if (kept === variant || variants === undefined || !Object.hasOwn(variants, kept)) return found;
    return { value: variants[kept], variant: kept };
  }

  #tell(event: SourceEvent): void {
    if (event.kind === 'problem') {
      if (this.#onProblem) this.#onProblem(event.message);
      else this.#logger.warn(`Theseus flags: ${event.message}`);
      return;
    }
    if (event.kind === 'changed') {
      this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: event.flags });
      return;
    }
    // What becomes of the first question the SDK learns from initialize().
    if (!this.#initialized) return;
    const { state, message } = event;
    if (state === 'ready') this.events.emit(ProviderEvents.Ready, {});
    else if (state === 'stale') this.events.emit(ProviderEvents.Stale, { message });
    else this.events.emit(ProviderEvents.Error, { message });
  }
}
