import { compile } from '#flags/evaluation/compile.ts';
import { parseDocument } from '#flags/evaluation/document.ts';
import { type Contender, flagdDocument } from './contender.ts';

export const contender: Contender = {
  load(flags, users) {
    const set = compile({ flags: parseDocument(JSON.parse(flagdDocument(flags))) });
    const contexts = users.map(({ key, country, plan }) => ({ targetingKey: key, country, plan }));
    return { evaluate: (flag, user) => set.evaluate(flag, contexts[user] ?? {}).value === true };
  },
};
