import { Option } from 'commander';

/** --environment of every verb that is about flags of one. */
export const environmentOption = (): Option =>
  new Option('-e, --environment <environment>', 'the environment of flags').makeOptionMandatory();

/** --why of every verb that changes something. */
export const whyOption = (): Option => new Option('--why <text>', 'why, for the history');
