import { rules } from './rule.ts';

const goOn = 'Go on answering it until nobody reads it.';

/** What answers have, schemas aside. */
export const responseRules = rules('response', {
  'response-success-status-removed': ['breaking', 'A status of success is no longer answered', goOn],
  'response-success-status-added': ['info', 'A status of success is answered that was not'],
  'response-non-success-status-removed': ['info', 'A status of failure is no longer declared'],
  'response-non-success-status-added': [
    'info',
    'A status of failure is declared that was not: consumers treat an unknown one as its class',
  ],
  'response-default-removed': [
    'warning',
    'What is answered with any other status is no longer declared',
    'Declare the statuses that it stood for.',
  ],
  'response-default-added': ['info', 'What is answered with any other status is declared'],
  'response-media-type-removed': ['breaking', 'A media type of the answer is gone', goOn],
  'response-media-type-added': ['info', 'An answer may have one media type more, for who asks for it'],
  'required-response-header-removed': ['breaking', 'A header that was always there is gone', goOn],
  'optional-response-header-removed': ['warning', 'A header that could be left out is gone', goOn],
  'response-header-added': ['info', 'A header is new'],
  'response-header-became-optional': [
    'breaking',
    'A header that was always there may be left out',
    'Always send it.',
  ],
  'response-header-became-required': ['info', 'A header is always there'],
  'response-header-deprecated': ['info', 'A header is deprecated and was not'],
  'response-header-reactivated': ['info', 'A header is no longer deprecated'],
  'response-link-removed': [
    'warning',
    'A link to another endpoint is gone',
    'Keep it until nobody follows it.',
  ],
  'response-link-changed': [
    'warning',
    'A link leads to another endpoint or with other values',
    'Bring the other link under a new name.',
  ],
  'response-link-added': ['info', 'A link to another endpoint is new'],
});

/** What the service itself sends to who subscribed, and what it takes as an answer. */
export const outgoingRules = rules('event', {
  'webhook-removed': [
    'breaking',
    'A webhook is no longer sent',
    'Send it beside the new one until nobody listens.',
  ],
  'webhook-added': ['info', 'A webhook is new'],
  'webhook-request-body-removed': [
    'breaking',
    'A webhook comes without the body that it had',
    'Go on sending it.',
  ],
  'webhook-request-body-became-optional': [
    'breaking',
    'A webhook may come without the body that it always had',
    'Always send it.',
  ],
  'webhook-request-media-type-removed': [
    'breaking',
    'A webhook is no longer sent in a media type',
    'Go on sending it so.',
  ],
  'webhook-request-media-type-added': ['info', 'A webhook may be sent in another media type'],
  'webhook-response-status-removed': [
    'breaking',
    'A status with which a webhook could be answered is no longer taken',
    'Go on taking it.',
  ],
  'webhook-response-status-added': ['info', 'A webhook may be answered with another status'],
  'callback-removed': [
    'breaking',
    'A callback is no longer made',
    'Make it beside the new one until nobody listens.',
  ],
  'callback-added': ['info', 'A callback is new, for those who ask for it'],
  'callback-request-body-removed': [
    'breaking',
    'A callback comes without the body that it had',
    'Go on sending it.',
  ],
  'callback-request-body-became-optional': [
    'breaking',
    'A callback may come without the body that it always had',
    'Always send it.',
  ],
  'callback-request-media-type-removed': [
    'breaking',
    'A callback is no longer sent in a media type',
    'Go on sending it so.',
  ],
  'callback-request-media-type-added': ['info', 'A callback may be sent in another media type'],
  'callback-response-status-removed': [
    'breaking',
    'A status with which a callback could be answered is no longer taken',
    'Go on taking it.',
  ],
  'callback-response-status-added': ['info', 'A callback may be answered with another status'],
});
