import { createServer } from 'node:net';

// Below the ports that systems give to clients: one of those may be taken by any connection that is
// made meanwhile, and a client that connects to a port of its own finds itself there.
const LOWEST = 20_000;
const COUNT = 10_000;

/** A loopback port on which nobody listens, and on which nobody will by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(COUNT * Math.random());
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
