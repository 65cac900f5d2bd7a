import { type ApplicationOptions, type Second, type ShopModel, startApplication } from './application.ts';

// An application in a process of its own, so that its latency is not that of whoever watches it.
// Speaks to its parent: options come in, a `seconds` message a second goes out, `stop` is answered by the model.
export type ToApplication = { start: ApplicationOptions } | 'stop';
export type FromApplication = { seconds: Second[] } | { model: ShopModel; seconds: Second[] };

let application: ReturnType<typeof startApplication> | undefined;
const tell = (message: FromApplication) => process.send?.(message);
const ticker = setInterval(() => {
  const seconds = application?.takeSeconds() ?? [];
  if (seconds.length > 0) tell({ seconds });
}, 250);

process.on('message', (message: ToApplication) => {
  if (message !== 'stop') {
    application = startApplication(message.start);
    return;
  }
  void application?.stop().then((model) => {
    clearInterval(ticker);
    process.send?.({ model, seconds: application?.takeSeconds() ?? [] } satisfies FromApplication, () =>
      process.disconnect(),
    );
  });
});
// Whoever started us is gone: nobody would stop us otherwise.
process.on('disconnect', () => process.exit(0));
