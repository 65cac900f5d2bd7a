import type { Server } from 'node:http';

/** Listens on 127.0.0.1; the port, when `port` is 0 any free one. @throws Error when somebody else has it. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is in use; stop what holds it or choose another port`, { cause: error })
          : error,
      );
    });
    server.listen({ host: '127.0.0.1', port }, () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('The HTTP server has no port'));
    });
  });
}

/** Takes no more requests, lets running ones end for up to 2 s, then cuts them off. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), 2_000);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}
