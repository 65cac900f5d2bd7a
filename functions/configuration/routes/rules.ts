import { z } from 'zod';
import { pageBody, pageOf } from '#platform/page.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access.ts';
import { NewRule, Rule, RuleName, StandingViolation } from '../compliance/schemas.ts';
import { putRule, readRule, readRules, removeRule } from '../compliance/store.ts';
import { checkEverything, readViolations } from '../compliance/violations.ts';

const Params = z.strictObject({ rule: RuleName });
const Page = pageOf(StandingViolation).meta({ id: 'StandingConfigurationViolationPage' });

/** How long a check of everything may take of a request, ms. */
const checkMs = 25_000;

export const ruleRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/configuration/rules',
    summary: 'List the rules that configuration has to keep',
    needs: needs('view_configuration'),
    responses: { 200: pageOf(Rule).meta({ id: 'ConfigurationRulePage' }) },
    handler: async () => ({ status: 200, body: pageBody(await readRules(), undefined) }),
  }),
  route({
    method: 'GET',
    path: '/configuration/rules/{rule}',
    summary: 'Show a rule',
    needs: needs('view_configuration'),
    params: Params,
    responses: { 200: Rule },
    handler: async ({ params }) => ({ status: 200, body: await readRule(params.rule) }),
  }),
  route({
    method: 'PUT',
    path: '/configuration/rules/{rule}',
    summary: 'Set a rule whole',
    description:
      'Values that are there already may break it: they are shown, and hold no update up that leaves them as they are.',
    needs: needs('set_configuration_rules'),
    params: Params,
    body: NewRule,
    responses: { 200: Rule },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: await putRule(params.rule, body, caller.subject),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/configuration/rules/{rule}',
    summary: 'Forget a rule',
    needs: needs('set_configuration_rules'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await removeRule(params.rule);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'GET',
    path: '/configuration/compliance',
    summary: 'List what breaks rules, as the last look at everything found it',
    needs: needs('view_configuration'),
    responses: { 200: Page },
    handler: async () => ({ status: 200, body: pageBody(await readViolations(), undefined) }),
  }),
  route({
    method: 'POST',
    path: '/configuration/compliance/check',
    summary: 'Hold all configuration against all rules now, and list what breaks them',
    needs: needs('update_configuration'),
    responses: { 200: Page },
    async handler() {
      await checkEverything(AbortSignal.timeout(checkMs));
      return { status: 200, body: pageBody(await readViolations(), undefined) };
    },
  }),
];
