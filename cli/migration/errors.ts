import { Command } from 'commander';
import { Redriven, RefusedRecordPage } from '#migrations/loading/refused.ts';
import { asking, call } from '../client.ts';
import { count, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

/** `theseus migration errors <id>`: one page of the records that a data migration refused, oldest first. */
export const migrationErrors = (): Command =>
  new Command('errors')
    .description('Records that a data migration refused, with the reason of each')
    .argument('<id>')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON, with the records themselves')
    .action(async (id: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: `/migrations/${encodeURIComponent(id)}/errors`,
        query: { limit, cursor },
        answer: RefusedRecordPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ from, to, key, error, attempts }) => [
        `${from} → ${to}`,
        key.join('/'),
        error.sqlstate ?? error.name ?? '',
        String(attempts),
        error.message ?? '',
      ]);
      for (const line of table([['TABLES', 'KEY', 'ERROR', 'TRIES', 'REASON'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus migration redrive <id>`: loads them again until all were tried. */
export const migrationRedrive = (): Command =>
  new Command('redrive')
    .description('Load the records again that a data migration refused, after the cause was removed')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const ask = asking(platform);
      const path = `/migrations/${encodeURIComponent(id)}/redrive`;
      let tried = 0;
      let taken = 0;
      for (;;) {
        const once = await ask({ method: 'POST', path, answer: Redriven });
        tried += once.tried;
        taken += once.taken;
        // Those that stay refused come first: without any progress another call would try the same again.
        if (once.more && once.taken > 0) continue;
        if (json) printJson({ ...once, tried, taken });
        else print(`${count(taken)} of ${count(tried)} records taken, ${count(once.left)} still refused.`);
        return;
      }
    });
