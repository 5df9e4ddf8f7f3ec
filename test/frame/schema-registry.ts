import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Registered {
  readonly schema: object;
  readonly schemaType?: string;
  readonly references?: readonly { name: string; subject: string; version: number }[];
}

/** A stand-in for a schema registry: the two questions of its HTTP API that a reader asks. */
export class RegistryStandIn {
  readonly #server: Server;
  readonly schemas = new Map<number, Registered>();
  readonly subjects = new Map<string, Registered>();
  readonly asked: string[] = [];
  /** Answered with this status meanwhile. */
  status = 200;

  private constructor() {
    this.#server = createServer(({ url = '', headers }, response) => {
      this.asked.push(url);
      const answer = (status: number, body: object) => {
        response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
        response.end(JSON.stringify(body));
      };
      if (headers.authorization !== `Basic ${Buffer.from('reader:s3cret').toString('base64')}`) {
        return answer(401, { error_code: 401, message: 'Unauthorized' });
      }
      if (this.status !== 200) return answer(this.status, { error_code: 50001 });
      const [, id] = /^\/base\/schemas\/ids\/(\d+)$/.exec(url) ?? [];
      const [, subject] = /^\/base\/subjects\/([^/]+)\/versions\/1$/.exec(url) ?? [];
      const found =
        id === undefined
          ? this.subjects.get(decodeURIComponent(subject ?? ''))
          : this.schemas.get(Number(id));
      if (found === undefined) {
        return answer(404, { error_code: 40403, message: 'Schema not found' });
      }
      const { schema, ...rest } = found;
      return answer(200, { ...rest, schema: JSON.stringify(schema) });
    });
  }

  static async start(): Promise<RegistryStandIn> {
    const registry = new RegistryStandIn();
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://reader:s3cret@127.0.0.1:${port}/base`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
