import type { Kind } from '../description-kind.ts';
import { compareOpenApi } from './compare.ts';
import type { OpenApi } from './model.ts';
import { readOpenApi } from './read.ts';
import { openApiRuleNames } from './rules/rules.ts';

/** OpenAPI 3.0 and 3.1. */
export const openApiKind: Kind<OpenApi> = {
  recognises: ({ value }) => value !== undefined && ('openapi' in value || 'swagger' in value),
  read: readOpenApi,
  compare: compareOpenApi,
  rules: openApiRuleNames,
};
