import { Command } from 'commander';
import { z } from 'zod';
import { Deployment, DeploymentAnalysis, DeploymentEvent, DeploymentPage } from '#deployments/schemas.ts';
import { pageOf } from '#platform/page.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { judgementLines, reportDeployment } from './describe.ts';

const pathOf = (id: string) => `/deployments/${encodeURIComponent(id)}`;

/** `theseus deployment list`: one page, newest first. */
export const deploymentList = (): Command =>
  new Command('list')
    .description('Deployments, newest first')
    .option('--service <name>', 'of this service only')
    .option('--status <status>', 'in this status only, e.g. running')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions & { service?: string; status?: string }, command: Command) => {
      const { service, status, limit, cursor } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: '/deployments',
        query: { service, status, limit, cursor },
        answer: DeploymentPage,
      });
      if (options.json) return printJson(page);
      if (page.items.length === 0) return print('No deployment: npx theseus deployment start <file>');
      const rows = page.items.map((one) => [
        one.id,
        one.service,
        one.from ?? '',
        one.version,
        one.status,
        `${one.traffic?.percent ?? 0} %`,
        one.createdBy,
        one.createdAt,
      ]);
      for (const line of table([
        ['ID', 'SERVICE', 'FROM', 'VERSION', 'STATUS', 'TRAFFIC', 'BY', 'CREATED'],
        ...rows,
      ]))
        print(line);
      printMore(page);
    });

/** `theseus deployment show <id>` */
export const deploymentShow = (): Command =>
  new Command('show')
    .description('Where a deployment stands, its figures, and what can be done next')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      reportDeployment(
        await call(platform, { method: 'GET', path: pathOf(id), answer: Deployment }),
        options,
      );
    });

/** `theseus deployment events <id>`: who did what, and what happened, in order. */
export const deploymentEvents = (): Command =>
  new Command('events')
    .description('What happened and who did what')
    .argument('<id>')
    .addOption(limitOption(100))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (id: string, options: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: `${pathOf(id)}/events`,
        query: { limit: options.limit, cursor: options.cursor },
        answer: pageOf(DeploymentEvent),
      });
      if (options.json) return printJson(page);
      const rows = page.items.map(({ at, type, actor, data }) => [
        at,
        type,
        actor,
        Object.keys(data).length > 0 ? JSON.stringify(data) : '',
      ]);
      for (const line of table(rows)) print(line);
      printMore(page);
    });

/** `theseus deployment analysis <id>`: with --json what `judge` takes as a file. */
export const deploymentAnalysis = (): Command =>
  new Command('analysis')
    .description('The samples of both versions and what the judge made of them')
    .argument('<id>')
    .option('--json', 'print JSON: a file that `theseus deployment judge` judges again')
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const analysis = await call(await platformOf(command), {
        method: 'GET',
        path: `${pathOf(id)}/analysis`,
        answer: DeploymentAnalysis,
      });
      if (options.json) return printJson(analysis);
      const rows = analysis.samples.map(({ from, to, baseline, canary, problem }) => [
        from,
        to,
        `${baseline.errors} of ${baseline.requests}`,
        `${canary.errors} of ${canary.requests}`,
        problem ?? '',
      ]);
      for (const line of table([['FROM', 'TO', 'OLD: ERRORS', 'NEW: ERRORS', ''], ...rows])) print(line);
      for (const line of judgementLines(analysis)) print(line);
    });

/** `theseus deployment gate-secret` */
export const deploymentGateSecret = (): Command =>
  new Command('gate-secret')
    .description('The secret with which gates know that it is this platform who asks')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const answer = await call(await platformOf(command), {
        method: 'POST',
        path: '/deployments/gate-secret',
        answer: z.object({ secret: z.string() }),
      });
      if (options.json) printJson(answer);
      else print(answer.secret);
    });
