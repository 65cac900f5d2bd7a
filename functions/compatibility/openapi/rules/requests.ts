import { rules } from './rule.ts';

const asBefore = 'Keep it as it was, and bring the other beside it under a new name.';
const takeBoth = 'Go on taking it until nobody sends it.';

/** What requests have to bring and may bring, schemas aside. */
export const requestRules = rules('request', {
  'new-required-request-parameter': [
    'breaking',
    'A parameter is new and has to be there',
    'Make it optional, with a default that does what was done before.',
  ],
  'new-optional-request-parameter': ['info', 'A parameter is new and may be left out'],
  'request-parameter-removed': [
    'warning',
    'A parameter is gone: who sends it is not refused, and no longer heard',
    takeBoth,
  ],
  'request-parameter-removed-with-deprecation': [
    'info',
    'A parameter is gone that was deprecated, after its date of sunset if it has one',
  ],
  'request-parameter-removed-before-sunset': [
    'breaking',
    'A deprecated parameter is gone before its date of sunset',
    'Bring it back until that day.',
  ],
  'request-parameter-x-extensible-enum-value-removed': [
    'breaking',
    'A value of the `x-extensible-enum` of a parameter is no longer taken',
    'Go on taking the value.',
  ],
  'request-parameter-in-changed': [
    'breaking',
    'A parameter is read from another place: path, query, header or cookie',
    'Read it from both places until nobody sends it the old way.',
  ],
  'request-path-parameter-renamed': [
    'info',
    'A parameter of the path has another name, which requests do not show',
  ],
  'request-parameter-became-required': [
    'breaking',
    'A parameter that could be left out has to be there',
    'Leave it optional, with a default in its place.',
  ],
  'request-parameter-became-optional': ['info', 'A parameter that had to be there may be left out'],
  'request-parameter-default-value-changed': [
    'breaking',
    'Who leaves a parameter out gets what another default says',
    'Keep the default, and let those who want the other ask for it.',
  ],
  'request-parameter-default-value-added': [
    'warning',
    'A parameter that could be left out without consequence has a default',
    'Make sure that the default is what was done before.',
  ],
  'request-parameter-default-value-removed': [
    'warning',
    'A parameter has no default any more',
    'Keep the default, or make sure that nobody leaves it out.',
  ],
  'request-parameter-style-changed': [
    'breaking',
    'The values of a parameter are written otherwise',
    asBefore,
  ],
  'request-parameter-explode-changed': [
    'breaking',
    'Lists or objects of a parameter are written otherwise',
    asBefore,
  ],
  'request-parameter-media-type-changed': [
    'breaking',
    'A parameter is written in another media type, or in one at all, or no longer in one',
    asBefore,
  ],
  'request-parameter-allow-reserved-removed': [
    'breaking',
    'Reserved characters in a parameter have to be escaped',
    'Go on taking them as they are.',
  ],
  'request-parameter-allow-reserved-added': [
    'info',
    'Reserved characters in a parameter need not be escaped',
  ],
  'request-parameter-allow-empty-value-removed': [
    'breaking',
    'A parameter without a value is no longer allowed',
    'Go on taking it.',
  ],
  'request-parameter-allow-empty-value-added': ['info', 'A parameter without a value is allowed'],
  'request-body-added-required': [
    'breaking',
    'An endpoint that took no body refuses a request without one',
    'Make it optional.',
  ],
  'request-body-added-optional': ['info', 'An endpoint that took no body may take one'],
  'request-body-removed': [
    'warning',
    'An endpoint takes no body any more',
    'Make sure that what consumers send is not needed.',
  ],
  'request-body-became-required': [
    'breaking',
    'A body that could be left out has to be there',
    'Leave it optional.',
  ],
  'request-body-became-optional': ['info', 'A body that had to be there may be left out'],
  'request-body-media-type-removed': ['breaking', 'A media type of the body is no longer taken', takeBoth],
  'request-body-media-type-added': ['info', 'One media type more is taken'],
  'request-body-encoding-changed': [
    'warning',
    'Parts of a form are written otherwise',
    'Make sure that forms of the old kind are read as well.',
  ],
});
