import { rules } from './rule.ts';

const deprecateFirst = 'Bring it back, deprecate it with a date of sunset, and remove it after that day.';
const keepDate = 'Keep the date that consumers were told, or choose a later one.';

/** That endpoints and parameters come, are deprecated, end, and how much may be relied upon them. */
export const lifecycleRules = rules('request', {
  'endpoint-added': ['info', 'An endpoint is new'],
  'api-path-removed-without-deprecation': [
    'breaking',
    'A path is gone with an endpoint that was not deprecated',
    deprecateFirst,
  ],
  'api-path-removed-before-sunset': [
    'breaking',
    'A path is gone before the date of sunset of an endpoint',
    deprecateFirst,
  ],
  'api-path-removed-with-deprecation': [
    'info',
    'A path is gone whose endpoint was deprecated, after the date of sunset if there is one',
  ],
  'api-path-sunset-parse': [
    'breaking',
    'A path is gone whose `x-sunset` is no date',
    'Write a date such as 2027-01-31, and remove it after that day.',
  ],
  'api-removed-without-deprecation': [
    'breaking',
    'An endpoint is gone that was not deprecated, and others of the path stay',
    deprecateFirst,
  ],
  'api-removed-before-sunset': [
    'breaking',
    'An endpoint is gone before its date of sunset, and others of the path stay',
    deprecateFirst,
  ],
  'api-removed-with-deprecation': [
    'info',
    'An endpoint is gone that was deprecated, after its date of sunset if it has one, and others of the path stay',
  ],
  'api-sunset-parse': [
    'breaking',
    'An endpoint is gone whose `x-sunset` is no date, and others of the path stay',
    'Write a date such as 2027-01-31, and remove it after that day.',
  ],
  'endpoint-deprecated': ['info', 'An endpoint is deprecated and was not'],
  'endpoint-deprecated-with-sunset': ['info', 'An endpoint is deprecated and was not, with a date of sunset'],
  'endpoint-reactivated': ['info', 'An endpoint is no longer deprecated'],
  'api-deprecated-sunset-missing': [
    'warning',
    'An endpoint that has to give notice is deprecated without a date of sunset',
    'Add `x-sunset` with the day after which it may go.',
  ],
  'api-deprecated-sunset-parse': [
    'breaking',
    'The `x-sunset` of a deprecated endpoint is no date',
    'Write a date such as 2027-01-31.',
  ],
  'api-sunset-date-too-small': [
    'breaking',
    'The date of sunset is nearer than the notice that its stability demands: 31 days in beta, 180 when stable',
    'Choose a later date.',
  ],
  'api-sunset-deleted': ['breaking', 'A deprecated endpoint has no date of sunset any more', keepDate],
  'api-sunset-date-changed-too-small': [
    'breaking',
    'The date of sunset is an earlier one, and nearer than the notice that is demanded',
    keepDate,
  ],
  'api-invalid-stability-level': [
    'breaking',
    'The `x-stability-level` is none of draft, alpha, beta, stable',
    'Write one of them.',
  ],
  'api-stability-decreased': [
    'breaking',
    'An endpoint is promised to be less stable than it was',
    'Keep the level, and deprecate the endpoint if it is to go.',
  ],
  'api-stability-increased': ['info', 'An endpoint is promised to be more stable than it was'],
  'request-parameter-deprecated': ['info', 'A parameter is deprecated and was not'],
  'request-parameter-reactivated': ['info', 'A parameter is no longer deprecated'],
  'request-parameter-deprecated-sunset-missing': [
    'warning',
    'A parameter of an endpoint that has to give notice is deprecated without a date of sunset',
    'Add `x-sunset` with the day after which it may go.',
  ],
  'request-parameter-sunset-parse': [
    'breaking',
    'The `x-sunset` of a deprecated parameter is no date',
    'Write a date such as 2027-01-31.',
  ],
  'request-parameter-sunset-date-too-small': [
    'breaking',
    'The date of sunset of a parameter is nearer than the notice that is demanded',
    'Choose a later date.',
  ],
  'request-parameter-sunset-deleted': [
    'breaking',
    'A deprecated parameter has no date of sunset any more',
    keepDate,
  ],
  'request-parameter-sunset-date-changed-too-small': [
    'breaking',
    'The date of sunset of a parameter is an earlier one, and nearer than the notice that is demanded',
    keepDate,
  ],
});
