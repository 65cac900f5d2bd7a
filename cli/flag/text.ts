import type { FlagVersionView, FlagView } from '#flags/schemas.ts';
import { counted } from '../output.ts';

type Form = FlagView['form'];
type Serve = Extract<Form, { type: 'rules' }>['otherwise'];

const serveText = (serve: Serve): string => {
  if ('weights' in serve)
    return Object.entries(serve.weights)
      .map(([name, weight]) => `${name} ${weight} %`)
      .join(', ');
  if ('percentage' in serve) return `${serve.variant} for ${serve.percentage} %`;
  return serve.variant;
};

/** How a flag decides, in a line. */
export function formText(form: Form): string {
  switch (form.type) {
    case 'boolean':
      return form.on ? 'on for everybody' : 'off for everybody';
    case 'percentage':
      return `${form.variant} for ${form.percentage} %`;
    case 'users':
      return `${form.variant} for ${counted(form.users.length, 'user')}`;
    case 'tenants':
      return `${form.variant} for ${counted(form.tenants.length, 'tenant')}`;
    case 'weights':
      return serveText({ weights: form.weights });
    case 'rules':
      return `${counted(form.rules.length, 'rule')}, then ${serveText(form.otherwise)}`;
    default:
      return 'as its definition of flagd says';
  }
}

/** What a flag does, line by line. */
export function flagLines({ form, schedule, prerequisites, enabled, off }: FlagView): string[] {
  return [
    ...(enabled ? [] : [`switched off: ${off ?? 'the default of the code'}`]),
    ...prerequisites.map(({ flag, variant }) => `needs ${flag} to be ${variant}`),
    ...schedule.map(
      ({ from, until, serve }) =>
        `from ${from}${until === undefined ? '' : ` until ${until}`}: ${serveText(serve)}`,
    ),
    ...(form.type === 'rules'
      ? [
          ...form.rules.map(({ name, serve }) => `${name}: ${serveText(serve)}`),
          `otherwise: ${serveText(form.otherwise)}`,
        ]
      : [formText(form)]),
  ];
}

/** A version in a history: its number, when, who, what and why. */
export const versionRow = ({ version, at, by, action, why, flag }: FlagVersionView): string[] => [
  String(version),
  at.slice(0, 19).replace('T', ' '),
  by,
  action.replace('_', ' '),
  flag === null ? '–' : formText(flag.form),
  why,
];
