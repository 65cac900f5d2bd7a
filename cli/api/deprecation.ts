import { Command, InvalidArgumentError } from 'commander';
import {
  Deprecation,
  DeprecationEventPage,
  DeprecationPage,
  type Element,
} from '#apis/deprecations/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { reportDeprecation } from './deprecation-text.ts';
import { apiPath } from './path.ts';

const collect = (value: string, former: string[]): string[] => [...former, value];

/** `GET /orders/{}`, `GET /orders/{} /note`, `Order.note` or `Order`. @throws InvalidArgumentError */
function collectElement(text: string, former: Element[]): Element[] {
  const [method = '', path = '', field] = text.split(' ');
  if (path.startsWith('/'))
    return [...former, { endpoint: `${method} ${path}`, ...(field === undefined ? {} : { field }) }];
  const [type = '', member] = text.split('.');
  if (/^\w+(\.\w+)?$/.test(text))
    return [...former, { type, ...(member === undefined ? {} : { field: member }) }];
  throw new InvalidArgumentError('Expected "GET /orders/{}", "GET /orders/{} /note" or "Order.note".');
}

interface StartOptions {
  reason: string;
  element: Element[];
  successor?: string;
  guide?: string;
  policy?: string;
  exempt: string[];
  json?: boolean;
}

/** `theseus api deprecation start orders 1.0.0 --reason 'Prices moved'`. */
export const apiDeprecationStart = (): Command =>
  new Command('start')
    .description('Deprecate a version of an API, or parts of it')
    .argument('<api>')
    .argument('<version>')
    .requiredOption('--reason <why>', 'told to consumers')
    .option(
      '--element <part>',
      'a part only: "GET /orders/{}", "GET /orders/{} /note", "Order.note"; several times',
      collectElement,
      [],
    )
    .option('--successor <version>', 'where to go; the newest active one unless said')
    .option('--guide <url>', 'how to leave it')
    .option('--policy <name>', 'how it goes; that of the API unless said')
    .option('--exempt <consumer>', 'brownouts let it pass; several times', collect, [])
    .option('--json', 'print JSON')
    .action(async (api: string, version: string, options: StartOptions, command: Command) => {
      const { reason, element, successor, guide, policy, exempt } = options;
      const started = await call(await platformOf(command), {
        method: 'POST',
        path: apiPath(api, 'deprecations'),
        body: {
          version,
          reason,
          elements: element.length === 0 ? null : element,
          successor: successor ?? null,
          guide: guide ?? null,
          policy: policy ?? null,
          exempt,
        },
        answer: Deprecation,
      });
      reportDeprecation(started, options);
      if (!options.json) print(`Follow it with: npx theseus api deprecation show ${api} ${started.id}`);
    });

/** `theseus api deprecation list`, of all APIs or one. */
export const apiDeprecationList = (): Command =>
  new Command('list')
    .description('Deprecations, newest first')
    .argument('[api]')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--status <status>', 'running, paused, needs_attention, completed, …')
    .option('--json', 'print JSON')
    .action(async (api: string | undefined, options: PageOptions & { status?: string }, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: api === undefined ? '/apis/deprecations' : apiPath(api, 'deprecations'),
        query: { limit: options.limit, cursor: options.cursor, status: options.status },
        answer: DeprecationPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map((one) => [
        one.id,
        `${one.api} ${one.version}${one.elements === null ? '' : ` (${one.elements.length} parts)`}`,
        one.status,
        one.phase,
        one.sunset?.slice(0, 10) ?? '–',
        `${one.ready} of ${one.consumers.length}`,
      ]);
      const head = ['ID', 'WHAT', 'STATUS', 'PHASE', 'GOES ON', 'READY'];
      for (const line of table([head, ...rows])) print(line);
      printMore(page);
    });

/** `theseus api deprecation show orders dpr_…`. */
export const apiDeprecationShow = (): Command =>
  new Command('show')
    .description('Where a deprecation stands: dates, consumers, what can be done')
    .argument('<api>')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (api: string, id: string, options: { json?: boolean }, command: Command) => {
      const shown = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'deprecations', id),
        answer: Deprecation,
      });
      reportDeprecation(shown, options);
    });

/** `theseus api deprecation events orders dpr_…`. */
export const apiDeprecationEvents = (): Command =>
  new Command('events')
    .description('What happened and who did what')
    .argument('<api>')
    .argument('<id>')
    .addOption(limitOption(100))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (api: string, id: string, options: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: apiPath(api, 'deprecations', id, 'events'),
        query: { limit: options.limit, cursor: options.cursor },
        answer: DeprecationEventPage,
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
