import type { IncomingMessage } from 'node:http';

/** Why a request is refused: a status code of HTTP. */
export interface Refusal {
  readonly status: number;
}

/** How the reading of a body is watched. */
export interface BodyWatch {
  /** Most bytes. */
  readonly limit: number;
  /** Told of bytes as they come; false refuses the request with 503. */
  grow(bytes: number): boolean;
  /** Aborted with a {@link Refusal} when the request is to be refused. */
  readonly signal: AbortSignal;
}

/**
 * Reads a request's body. Gives a refusal where it is too large (413), where there is no room for it
 * (503) or where the signal says so, and undefined where the client broke off. No more than `limit`
 * bytes and one chunk are ever held.
 */
export function readBody(
  request: IncomingMessage,
  { limit, grow, signal }: BodyWatch,
): Promise<Buffer | Refusal | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (result: Buffer | Refusal | undefined) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      signal.removeEventListener('abort', onAbort);
      // Whatever still comes is not wanted, and nobody is to wait for it.
      if (!Buffer.isBuffer(result)) request.on('error', () => undefined).pause();
      resolve(result);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) done({ status: 413 });
      else if (!grow(chunk.length)) done({ status: 503 });
    };
    const onEnd = () => done(Buffer.concat(chunks, size));
    const onClose = () => done(undefined);
    const onAbort = () => done(signal.reason as Refusal);
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    signal.addEventListener('abort', onAbort);
  });
}
