import type { HandlerExecutionContext, MetadataBearer, MiddlewareStack } from '@smithy/types';
import { newId } from '#platform/ids.ts';

/** Answers of a local service, by the SDK's command name without `Command`, typed by its inputs and outputs. */
export type CommandHandlers = Record<string, (input: never) => Promise<object>>;

/**
 * Answers a client's calls in this process: no network, no credentials. A command without a handler is
 * refused with service and command named. Returns the function that detaches.
 */
export function attach<I extends object, O extends MetadataBearer>(
  client: { middlewareStack: MiddlewareStack<I, O> },
  service: string,
  handlers: CommandHandlers,
): () => void {
  const name = `local${service}`;
  client.middlewareStack.add(
    (_next, context: HandlerExecutionContext) => async (args) => {
      const command = String(context.commandName ?? 'unknown').replace(/Command$/, '');
      const handler = Object.hasOwn(handlers, command) ? handlers[command] : undefined;
      if (handler === undefined) {
        throw new Error(
          `${service}.${command} is not available on the laptop; it answers ${Object.keys(handlers).join(', ') || 'nothing'}`,
        );
      }
      // The command's name is what says which input this is; the SDK has typed it at the call.
      const answer = await handler(args.input as never);
      const output = { $metadata: { httpStatusCode: 200, requestId: newId('req') }, ...answer };
      // Likewise the output: the handler of this command returns this command's output.
      return { response: {}, output: output as unknown as O };
    },
    { step: 'initialize', priority: 'high', name, override: true },
  );
  return () => {
    client.middlewareStack.remove(name);
  };
}
