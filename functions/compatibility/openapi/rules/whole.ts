import { rules } from './rule.ts';

const asBefore = 'Let those in who were let in before, until all have the new credentials.';

/** Who is let in, and where the API is. */
export const securityRules = rules('request', {
  'api-security-became-required': ['breaking', 'An endpoint that was open asks for credentials', asBefore],
  'api-security-became-optional': ['info', 'An endpoint lets everybody in'],
  'api-security-removed': ['breaking', 'A way to be let in is gone from an endpoint', asBefore],
  'api-security-added': ['info', 'An endpoint has one way more to be let in'],
  'api-security-scope-added': ['breaking', 'A way to be let in asks for one scope or scheme more', asBefore],
  'api-security-scope-removed': ['info', 'A way to be let in asks for fewer scopes or schemes'],
  'api-global-security-became-required': ['breaking', 'An API that was open asks for credentials', asBefore],
  'api-global-security-became-optional': ['info', 'An API lets everybody in'],
  'api-global-security-removed': ['breaking', 'A way to be let in is gone from the whole API', asBefore],
  'api-global-security-added': ['info', 'The whole API has one way more to be let in'],
  'api-global-security-scope-added': [
    'breaking',
    'A way to be let in asks for one scope or scheme more in the whole API',
    asBefore,
  ],
  'api-global-security-scope-removed': [
    'info',
    'A way to be let in asks for fewer scopes or schemes in the whole API',
  ],
  'api-security-component-removed': [
    'info',
    'A security scheme is gone; the endpoints that asked for it are told',
  ],
  'api-security-component-added': ['info', 'A security scheme is new'],
  'api-security-component-type-changed': ['breaking', 'A security scheme is of another type', asBefore],
  'api-security-component-changed': [
    'breaking',
    'Credentials of a scheme are sent otherwise: another header or place, another HTTP scheme',
    asBefore,
  ],
  'api-security-component-url-changed': [
    'warning',
    'A URL of an OAuth flow or of OpenID Connect is another one',
    'Keep the old one working until nobody calls it.',
  ],
  'api-security-component-flow-removed': ['breaking', 'An OAuth flow is gone', asBefore],
  'api-security-component-flow-added': ['info', 'An OAuth flow is new'],
  'api-security-component-oauth-scope-removed': [
    'warning',
    'A scope can no longer be asked for',
    'Keep it until nobody asks for it.',
  ],
  'api-security-component-oauth-scope-added': ['info', 'A scope is new'],
});

export const wholeRules = rules('both', {
  'api-server-removed': ['warning', 'A server is no longer named', 'Keep it running until nobody calls it.'],
  'api-server-added': ['info', 'A server is new'],
  'endpoint-server-removed': [
    'warning',
    'An endpoint is no longer at a server that it named',
    'Keep it running until nobody calls it.',
  ],
  'endpoint-server-added': ['info', 'An endpoint is at another server, too'],
  'api-operation-id-changed': [
    'warning',
    'The name of an operation is another: generated clients call it by the name',
    'Keep the name.',
  ],
  'api-operation-id-removed': [
    'warning',
    'An operation has no name any more: generated clients call it by the name',
    'Keep the name.',
  ],
  'api-operation-id-added': ['info', 'An operation has a name'],
  'api-tag-removed': ['info', 'An operation no longer has a tag'],
  'api-tag-added': ['info', 'An operation has another tag'],
  'api-schema-removed': [
    'info',
    'A schema is gone from the components; where it was used is told for itself',
  ],
});
