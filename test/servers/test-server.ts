import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../free-port.ts';

/** How a server is found, started and known to be ready. */
export interface ServerKind {
  /** In messages, and of its folder. */
  readonly name: string;
  /** What Debian's package is called, for whoever lacks the program. */
  readonly package: string;
  /** The program, on the PATH or in one of `folders`. */
  readonly program: string;
  readonly folders?: readonly string[];
  /** How many ports it needs. Default: 1. */
  readonly ports?: number;
  /** What is missing besides the program, for whoever lacks it. */
  lacks?(): string | undefined;
  /** Puts what it needs into its folder, once. */
  prepare?(place: Place): void | Promise<void>;
  /** What is run, in its folder: the program and its arguments. */
  command(place: Place): readonly string[];
  environment?(place: Place): Record<string, string>;
  /** Resolves once it answers. Default: when it accepts a connection. */
  isReady?(place: Place): Promise<boolean>;
  url(place: Place): string;
}

/** Where a server runs. */
export interface Place {
  /** The full path of the program. */
  readonly program: string;
  /** Of this server alone, removed after it. */
  readonly folder: string;
  readonly port: number;
  /** All of its ports; `port` is the first. */
  readonly ports: readonly number[];
}

const READY_WITHIN = 600_000;

// Kills the server, then whatever that had started, when the standard input ends: so also when the
// process that runs the tests is killed and has no chance to do it. The server is waited for, as one
// that is dead and not yet buried still counts as running where a process id is looked up. What the shell
// says of its end would have no reader, and end the shell.
const WATCHED = `exec 3<&0
"$@" </dev/null &
server=$!
(cat <&3 >/dev/null; kill -KILL $server; sleep 2; kill -KILL 0) &
wait $server 2>/dev/null
kill -KILL 0`;

/** A server, as the tests see it. */
export interface TestServer {
  readonly place: Place;
  readonly url: string;
  readonly port: number;
  /** Starts it again after `kill`, on the same port and with the same data. */
  start(): Promise<void>;
  /** Kills it at once, as a crash would, and waits until it is gone. Its data stays. */
  kill(): Promise<void>;
}

/** A server of a kind, on a loopback port of its own, with its data in a temporary folder. */
export class ServerProcess implements TestServer {
  readonly place: Place;
  readonly #kind: ServerKind;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(kind: ServerKind, place: Place) {
    this.#kind = kind;
    this.place = place;
  }

  /** Starts a server and waits until it answers. */
  static async start(kind: ServerKind): Promise<ServerProcess> {
    const program = findProgram(kind);
    const lack = missing(kind);
    if (program === undefined || lack !== undefined) throw new Error(lack);
    const folder = mkdtempSync(join(tmpdir(), `millrace-${kind.name}-`));
    const ports = await freePorts(kind.ports ?? 1);
    const place = { program, folder, ports, port: ports[0]! };
    const server = new ServerProcess(kind, place);
    try {
      await kind.prepare?.(place);
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return this.#kind.url(this.place);
  }

  get port(): number {
    return this.place.port;
  }

  /** Neither killed nor ended by itself. */
  get isRunning(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  async start(): Promise<void> {
    const { name } = this.#kind;
    const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', ...this.#kind.command(this.place)], {
      cwd: this.place.folder,
      env: { ...process.env, ...this.#kind.environment?.(this.place) },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    this.#output = '';
    const keep = (chunk: string) => {
      this.#output = (this.#output + chunk).slice(-4000);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const until = Date.now() + READY_WITHIN;
    while (!(await (this.#kind.isReady ?? acceptsConnections)(this.place))) {
      if (hasEnded(child)) {
        throw new Error(`${name} ended before it was ready:\n${this.#output}`);
      }
      if (Date.now() > until) {
        throw new Error(`${name} was not ready within ${READY_WITHIN} ms:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || hasEnded(child)) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await gone;
    while (await acceptsConnections(this.place)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.place.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** The full path of a kind's program, if it is installed. */
function findProgram(kind: ServerKind): string | undefined {
  const folders = [...(kind.folders ?? []), ...(process.env.PATH ?? '').split(delimiter)];
  return [...folders, '/usr/sbin', '/usr/local/sbin']
    .map((folder) => join(folder, kind.program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What is said where a server cannot be started here; nothing where it can. */
export function missing(kind: ServerKind): string | undefined {
  const { name, package: debian, program } = kind;
  if (findProgram(kind) === undefined) {
    return `${name} is not tested: there is no ${program} on the PATH; install ${debian}, or run npm test -- --servers as root on Debian`;
  }
  const lack = kind.lacks?.();
  return lack === undefined ? undefined : `${name} is not tested: ${lack}`;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function acceptsConnections({ port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (accepts: boolean) => {
      socket.destroy();
      resolve(accepts);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** Loopback ports that are free, each another. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
