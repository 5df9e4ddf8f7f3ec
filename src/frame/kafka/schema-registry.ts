import { ServerAddress } from '../../connect/server-address.ts';
import { MillraceError } from '../../errors.ts';

/** How long an answer may take. */
const TIMEOUT_MILLISECONDS = 10_000;

interface Reference {
  readonly subject: string;
  readonly version: number;
}

interface Answer {
  readonly schema?: unknown;
  readonly schemaType?: unknown;
  readonly references?: readonly Reference[];
}

/** Schemas of Avro by their ids, from a registry that speaks Confluent's API; each is fetched once. */
export class SchemaRegistry {
  readonly #address: ServerAddress;
  readonly #found = new Map<number, readonly string[]>();

  constructor(operator: string, url: string | URL) {
    this.#address = new ServerAddress(operator, url, ['http:', 'https:']);
  }

  /**
   * The texts of a schema, after those that it refers to; or why there is none, where that is what the
   * registry says. Rejects with a MillraceError where it says nothing, or will not.
   */
  async schema(
    id: number,
    signal: AbortSignal,
  ): Promise<readonly string[] | { readonly reason: string }> {
    const known = this.#found.get(id);
    if (known !== undefined) return known;
    const answer = await this.#get(`schemas/ids/${id}`, signal);
    if (answer === undefined) return { reason: `the registry has no schema ${id}` };
    const { schemaType = 'AVRO' } = answer;
    if (schemaType !== 'AVRO') return { reason: `schema ${id} is not AVRO but ${schemaType}` };
    const texts: string[] = [];
    const isWhole = await this.#collect(answer, signal, new Set(), texts);
    if (!isWhole) return { reason: `the registry has not all that schema ${id} refers to` };
    this.#found.set(id, texts);
    return texts;
  }

  /** Puts what a schema refers to before it; false where something of that is not there. */
  async #collect(
    { schema, references = [] }: Answer,
    signal: AbortSignal,
    seen: Set<string>,
    texts: string[],
  ): Promise<boolean> {
    for (const { subject, version } of references) {
      const path = `subjects/${encodeURIComponent(subject)}/versions/${version}`;
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await this.#get(path, signal);
      if (answer === undefined) return false;
      if (!(await this.#collect(answer, signal, seen, texts))) return false;
    }
    if (typeof schema !== 'string') return false;
    texts.push(schema);
    return true;
  }

  /** What the registry answers; nothing where it has not what was asked for. */
  async #get(path: string, signal: AbortSignal): Promise<Answer | undefined> {
    const { url, headers } = this.#request(path);
    const timeout = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
    let status = 0;
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.any([signal, timeout]) });
      status = response.status;
      if (status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (response.ok) return (await response.json()) as Answer;
      await response.body?.cancel();
    } catch (error) {
      throw this.#address.explain('ask the schema registry', causeOf(error));
    }
    // Another attempt helps where the registry is busy or ill.
    const isRefused = status < 500 && status !== 408 && status !== 429;
    throw new MillraceError(
      isRefused ? 'ERR_REFUSED' : 'ERR_CONNECTION',
      `Cannot ask the schema registry at ${this.#address.host}: it answered ${status}`,
    );
  }

  /** `fetch` takes no password in its URL. */
  #request(path: string): { url: URL; headers: Record<string, string> } {
    const base = this.#address.reveal();
    const { username, password } = base;
    base.username = '';
    base.password = '';
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json' };
    if (username !== '') {
      const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      headers.authorization = `Basic ${Buffer.from(login).toString('base64')}`;
    }
    return { url: new URL(path, base), headers };
  }
}

/** What `fetch` failed with is a TypeError that says nothing, and why is its cause. */
function causeOf(error: unknown): unknown {
  const cause = (error as { cause?: unknown } | null)?.cause ?? error;
  return cause instanceof Error ? new Error(cause.message || cause.name) : cause;
}
