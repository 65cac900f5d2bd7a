import { FlagdCore } from '@openfeature/flagd-core';
import { type Contender, flagdDocument } from './contender.ts';

const quiet = { error() {}, warn() {}, info() {}, debug() {} };

export const contender: Contender = {
  load(flags, users) {
    const core = new FlagdCore(undefined, quiet);
    core.setConfigurations(flagdDocument(flags));
    const contexts = users.map(({ key, country, plan }) => ({ targetingKey: key, country, plan }));
    return { evaluate: (flag, user) => core.resolveBooleanEvaluation(flag, false, contexts[user]).value };
  },
};
