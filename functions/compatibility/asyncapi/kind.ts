import type { Kind } from '../description-kind.ts';
import { compareAsyncApi } from './compare.ts';
import type { AsyncApi } from './model.ts';
import { readAsyncApi } from './read.ts';
import { asyncApiRuleNames } from './rules.ts';

/** AsyncAPI 2.0 to 2.6 and 3.0. */
export const asyncApiKind: Kind<AsyncApi> = {
  recognises: ({ value }) => value !== undefined && 'asyncapi' in value,
  read: readAsyncApi,
  compare: (old, next) => (old.digest === next.digest ? [] : compareAsyncApi(old, next)),
  rules: asyncApiRuleNames,
};
