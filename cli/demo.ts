import { Command } from 'commander';

/** `theseus demo`: the main job on a small shop, under traffic, with a report. What `npm start` runs. */
export const demo = (): Command =>
  new Command('demo')
    .description('Watch a live database change its schema without a failed request')
    .option('--once', 'exit at the end instead of leaving the platform up; not 0 when anything failed')
    .option('--rows <rows>', 'orders and customers, 1,000–10,000,000', '300000')
    .action(async (options: { once?: boolean; rows: string }) => {
      const { runDemo } = await import('../demo/run.ts');
      await runDemo({ once: options.once ?? false, rows: Number(options.rows) });
    })
    .addCommand(deploymentDemo())
    .addCommand(deprecationDemo())
    .addCommand(flagsDemo());

const deploymentDemo = (): Command =>
  new Command('deployment')
    .description('Watch a good version of a service come into use, and a bad one taken back')
    .option('--once', 'exit at the end instead of leaving everything up; not 0 when anything was off')
    .option('--visitors <number>', 'requests a second, 20–1,000', '150')
    .option('--json', 'print one JSON object last')
    .action(async (options: { once?: boolean; json?: boolean; visitors: string }, command: Command) => {
      const { once = false } = { ...command.parent?.opts<{ once?: boolean }>(), ...options };
      const { runDeploymentDemo } = await import('../demo/deployment/run.ts');
      await runDeploymentDemo({ once, json: options.json ?? false, visitors: Number(options.visitors) });
    });

const deprecationDemo = (): Command =>
  new Command('deprecation')
    .description('Watch a version of an API go: consumers of both versions, and half a year in a minute')
    .option('--once', 'exit at the end instead of leaving everything up; not 0 when anything was off')
    .option('--json', 'print one JSON object last')
    .action(async (options: { once?: boolean; json?: boolean }, command: Command) => {
      const { once = false } = { ...command.parent?.opts<{ once?: boolean }>(), ...options };
      const { runDeprecationDemo } = await import('../demo/deprecation/run.ts');
      await runDeprecationDemo({ once, json: options.json ?? false });
    });

const flagsDemo = (): Command =>
  new Command('flags')
    .description('Watch a flag rolled out and killed, and a bad value of configuration taken back')
    .option('--once', 'exit at the end instead of leaving everything up; not 0 when anything was off')
    .option('--json', 'print one JSON object last')
    .action(async (options: { once?: boolean; json?: boolean }, command: Command) => {
      const { once = false } = { ...command.parent?.opts<{ once?: boolean }>(), ...options };
      const { runFlagsDemo } = await import('../demo/flags/run.ts');
      await runFlagsDemo({ once, json: options.json ?? false });
    });
