import type { AddressInfo, Server } from 'node:net';
import { MillraceError } from '../errors.ts';
import { describe } from '../graph/arguments.ts';

/** Where a server listens. */
export interface ListenOptions {
  /** 0 to 65535; 0 takes one that is free. */
  readonly port: number;
  /** The interface, by name or address. Default: `'127.0.0.1'`, this machine alone. */
  readonly host?: string;
}

/** The names of {@link ListenOptions}, to check what was given against. */
export const LISTEN_OPTIONS: readonly string[] = ['port', 'host'];

/** Checks where to listen. */
export function checkListen(
  operator: string,
  { port, host = '127.0.0.1' }: ListenOptions,
): Required<ListenOptions> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(
      `Cannot create ${operator}: port must be an integer from 0 to 65535, got ${describe(port)}`,
    );
  }
  if (typeof host !== 'string' || host === '') {
    throw new TypeError(
      `Cannot create ${operator}: host must be a name or an address, got ${describe(host)}`,
    );
  }
  return { port, host };
}

/** Whoever waits for a server to listen, over all the times that it does. */
export class Listening {
  #address: AddressInfo | undefined;
  readonly #waiting = new Set<(address: AddressInfo) => void>();

  /** Where it listens; undefined while it does not. */
  get address(): AddressInfo | undefined {
    return this.#address;
  }

  /** Resolves as soon as it listens. */
  wait(): Promise<AddressInfo> {
    if (this.#address !== undefined) return Promise.resolve(this.#address);
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Makes a server listen; rejects with `ERR_LISTEN` where it cannot. */
  async begin(operator: string, server: Server, { port, host }: Required<ListenOptions>) {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const message = `Cannot start ${operator}: listening on ${host}, port ${port}, failed with ${cause.message}`;
        reject(new MillraceError('ERR_LISTEN', message, { cause }));
      });
      server.listen(port, host, resolve);
    });
    const address = server.address() as AddressInfo;
    this.#address = address;
    for (const tell of this.#waiting) tell(address);
    this.#waiting.clear();
  }

  /** It does not listen any more. */
  end(): void {
    this.#address = undefined;
  }
}
