import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { layerText } from '#configuration/resolution/layers.ts';
import { Reencryption, ReencryptionList } from '#configuration/secrets/reencryption/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { count, duration, print, printJson } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { pathOf } from './options.ts';

const lookMs = 500;

function progressOf({ done, total, resealed, perSecond, secondsLeft }: Reencryption): string {
  if (total === null) return 'counting the secrets';
  const left = secondsLeft === null ? '' : `, ${duration(secondsLeft * 1_000)} left`;
  return `${count(done)} of ${count(total)} values, ${count(resealed)} versions sealed anew, ${perSecond.toFixed(1)} values/s${left}`;
}

function report(one: Reencryption): void {
  print(`${one.id} is ${one.status}: ${progressOf(one)}.`);
  for (const { identity, version, error } of one.failures)
    print(`  ${identity.namespace}/${identity.key} (${layerText(identity)}) version ${version}: ${error}`);
  if (one.failed > one.failures.length) print(`  ${count(one.failed - one.failures.length)} more failed.`);
  if (one.failure !== null) print(`  ${one.failure.name}: ${one.failure.message}`);
}

const show = (platform: Platform, id: string): Promise<Reencryption> =>
  call(platform, { method: 'GET', path: pathOf('secrets', 'reencryptions', id), answer: Reencryption });

/** `theseus config secret reencrypt --why 'Key rotated'`. */
export const configSecretReencrypt = (): Command =>
  new Command('reencrypt')
    .description('Seal all secrets anew, after the key was rotated or another one was chosen')
    .requiredOption('--why <text>', 'why; it stays in the record')
    .option('--outdated', 'only what is under another key or algorithm than new secrets are')
    .option('--no-follow', 'do not wait for its end')
    .option('--json', 'print JSON')
    .action(
      async (
        options: { why: string; outdated?: boolean; follow: boolean; json?: boolean },
        command: Command,
      ) => {
        const platform = await platformOf(command);
        const { why, outdated, follow, json } = options;
        let one = await call(platform, {
          method: 'POST',
          path: pathOf('secrets', 'reencryptions'),
          body: { why, scope: outdated ? 'outdated' : 'all' },
          answer: Reencryption,
        });
        if (!json) print(`${one.id} begins.`);
        for (let said = ''; follow && one.status === 'running'; one = await show(platform, one.id)) {
          const progress = progressOf(one);
          if (!json && progress !== said) print(`  ${progress}`);
          said = progress;
          await sleep(lookMs);
        }
        if (json) printJson(one);
        else if (follow) report(one);
        else print(`Follow it with: npx theseus config secret reencryption ${one.id}`);
        if (follow && one.status !== 'completed') {
          throw new Failure(`${one.id} is ${one.status}.`, {
            code: exitCode.refused,
            action: 'Look at what failed; another one goes on with what is left.',
          });
        }
      },
    );

/** `theseus config secret reencryption [id]`. */
export const configSecretReencryption = (): Command =>
  new Command('reencryption')
    .description('How a re-encryption stands: the one that runs, or ran last')
    .argument('[id]')
    .option('--cancel', 'let it end early; what is sealed anew stays so')
    .option('--json', 'print JSON')
    .action(
      async (id: string | undefined, options: { cancel?: boolean; json?: boolean }, command: Command) => {
        const platform = await platformOf(command);
        const one = id === undefined ? await last(platform) : await show(platform, id);
        const shown = options.cancel ? await cancel(platform, one.id) : one;
        if (options.json) printJson(shown);
        else report(shown);
      },
    );

async function last(platform: Platform): Promise<Reencryption> {
  const { items } = await call(platform, {
    method: 'GET',
    path: pathOf('secrets', 'reencryptions'),
    answer: ReencryptionList,
  });
  const [found] = items;
  if (found !== undefined) return found;
  throw new Failure('There was no re-encryption yet.', {
    code: exitCode.refused,
    action: "Begin one: theseus config secret reencrypt --why '…'",
  });
}

const cancel = (platform: Platform, id: string): Promise<Reencryption> =>
  call(platform, {
    method: 'POST',
    path: pathOf('secrets', 'reencryptions', id, 'cancel'),
    answer: Reencryption,
  });
