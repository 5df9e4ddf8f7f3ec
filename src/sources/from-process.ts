import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Turns } from '../connect/turns.ts';
import { MillraceError } from '../errors.ts';
import { describe, requireOneOf, requireOptions } from '../graph/arguments.ts';
import type { TimerHandle } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import {
  type DelimitedText,
  TEXT_OPTIONS,
  type TextOptions,
  textCutter,
} from './delimited-text.ts';
import { sendComplete, sendLast } from './send-texts.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** Options of {@link fromProcess}. */
export interface ProcessOptions extends SourceOptions, TextOptions {
  /** Where it runs. Default: where this process runs. */
  readonly cwd?: string | URL;
  /** Its environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /**
   * What it writes to standard error. `'keep'` (default): the end of it goes into the error if the
   * process fails. `'emit'`: its lines are emitted as well. `'inherit'`: it goes where that of this
   * process goes.
   */
  readonly stderr?: 'keep' | 'emit' | 'inherit';
  /** How long it may take to end after a stop has asked it to (SIGTERM); then it is killed. Default: 5 s. */
  readonly killTimeout?: Duration;
}

const PROCESS_OPTIONS = [...SOURCE_OPTIONS, ...TEXT_OPTIONS, 'cwd', 'env', 'stderr', 'killTimeout'];

/** Characters of standard error that an error quotes. */
const KEPT = 4096;

/**
 * A source of the lines that another program writes to its standard output, or of what another
 * delimiter separates.
 *
 * `command`: the program and its arguments, started as they are, without a shell; or a text that the
 * shell is to run. Emits one string per line, with its delimiter; a last line without one is emitted at
 * the end. A line of more than `maxLength` (default 16,777,216) characters is an error, and left out.
 * While the graph holds the source back nothing is read, and the program has to wait when its pipe is
 * full.
 *
 * `start()` starts the program, and anew after a stop; `stop()` ends it. The source ends with it, and
 * fails if its exit code is not 0 or a signal ended it (`ERR_PROCESS_EXIT`), or if it cannot be started
 * (`ERR_PROCESS_START`).
 *
 * Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromProcess } from 'millrace';
 *
 * const script = 'console.log("to be"); console.log("or not")';
 * const lines = fromProcess([process.execPath, '-e', script]);
 * const seen = lines.sinkToList();
 * await lines.start();
 * assert.deepEqual(seen, ['to be\n', 'or not\n']);
 * ```
 */
export function fromProcess(
  command: string | readonly string[],
  options: ProcessOptions = {},
): ProcessSource {
  return new ProcessSource(command, options);
}

/** What {@link fromProcess} returns. */
export class ProcessSource extends Source<string> {
  readonly #command: string;
  readonly #arguments: readonly string[] | undefined;
  readonly #spawn: SpawnOptions;
  readonly #stderr: 'keep' | 'emit' | 'inherit';
  readonly #newText: (atFileStart: boolean) => DelimitedText;
  readonly #killTimeout: number;
  #child: ChildProcess | undefined;

  constructor(command: string | readonly string[], options: ProcessOptions = {}) {
    const [program, ...rest] = typeof command === 'string' ? [command] : checkCommand(command);
    if (typeof program !== 'string' || program === '') {
      throw new TypeError(
        `Cannot create fromProcess: command must be a text or an array of the program and its arguments, got ${describe(command)}`,
      );
    }
    requireOptions('fromProcess', options, PROCESS_OPTIONS);
    const { cwd, env, stderr = 'keep', killTimeout = '5s' } = options;
    requireOneOf('fromProcess', 'stderr', stderr, ['keep', 'emit', 'inherit']);
    const newText = textCutter('fromProcess', options, 16_777_216);
    const killMilliseconds = parseDuration(killTimeout, 'fromProcess');
    super(options);
    this.#command = program;
    this.#arguments = typeof command === 'string' ? undefined : rest;
    this.#spawn = {
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
      stdio: ['ignore', 'pipe', stderr === 'inherit' ? 'inherit' : 'pipe'],
      windowsHide: true,
    };
    this.#stderr = stderr;
    this.#newText = newText;
    this.#killTimeout = killMilliseconds;
  }

  /** The process' number, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  protected override async run(run: SourceRun<string>): Promise<void> {
    const child =
      this.#arguments === undefined
        ? spawn(this.#command, { ...this.#spawn, shell: true })
        : spawn(this.#command, [...this.#arguments], this.#spawn);
    this.#child = child;
    const ending = this.#ending(child);
    // Where reading fails first, nobody asks any more how the process has ended.
    ending.catch(() => undefined);
    let kill: Promise<void> | undefined;
    const onStop = () => {
      kill ??= this.#kill(child, ending);
    };
    run.signal.addEventListener('abort', onStop, { once: true });
    try {
      const turns = new Turns();
      const said = this.#stderr === 'keep' ? lastOf(child.stderr) : () => '';
      const streams = [child.stdout, ...(this.#stderr === 'emit' ? [child.stderr] : [])];
      await Promise.all(streams.map((stream) => this.#read(stream, run, turns)));
      const reason = await ending;
      if (reason !== undefined && !run.signal.aborted) throw this.#exitError(reason, said());
    } finally {
      onStop();
      await kill;
      this.#child = undefined;
    }
  }

  /** Sends what comes by one stream, in turn with the other. */
  async #read(stream: Readable | null, run: SourceRun<string>, turns: Turns): Promise<void> {
    if (stream === null) return;
    const text = this.#newText(false);
    const send = async (some: () => Promise<unknown>) => {
      await turns.take();
      try {
        await some();
      } finally {
        turns.give();
      }
    };
    try {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        if (run.signal.aborted) return;
        text.write(chunk as Buffer);
        await send(() => sendComplete(text, run));
      }
      if (!run.signal.aborted) await send(() => sendLast(text, run));
    } finally {
      // A process that is asked to end may have something left to say, and would fail with a closed pipe.
      stream.resume();
    }
  }

  /** Why the process has failed, once it has ended; nothing where it has not. */
  #ending(child: ChildProcess): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      child.once('error', (cause) => {
        // An error after the start is of a signal that could not be sent.
        if (child.pid !== undefined) return;
        const message = `Cannot start ${describe(this.#command)}: ${cause.message}`;
        reject(new MillraceError('ERR_PROCESS_START', message, { cause }));
      });
      child.once('close', (code, signal) => {
        if (signal !== null) resolve(`signal ${signal} ended it`);
        else resolve(code === 0 ? undefined : `its exit code is ${code}`);
      });
    });
  }

  async #kill(child: ChildProcess, ending: Promise<unknown>): Promise<void> {
    if (child.pid === undefined) return;
    const { clock } = this.node.environment;
    let timer: TimerHandle | undefined;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      timer = clock.setTimeout(() => child.kill('SIGKILL'), this.#killTimeout);
      await new Promise((resolve) => child.once('exit', resolve));
    }
    // What it has started may hold its pipes open.
    child.stdout?.destroy();
    child.stderr?.destroy();
    await ending;
    if (timer !== undefined) clock.clearTimeout(timer);
  }

  #exitError(reason: string, said: string): MillraceError {
    const quoted = said === '' ? '' : `; it said: ${said}`;
    return new MillraceError(
      'ERR_PROCESS_EXIT',
      `Cannot read to the end from ${describe(this.#command)}: ${reason}${quoted}`,
    );
  }
}

function checkCommand(command: readonly string[]): readonly string[] {
  return Array.isArray(command) && command.every((part) => typeof part === 'string') ? command : [];
}

/** Reads a stream and keeps the end of it, for an error to quote. */
function lastOf(stream: Readable | null): () => string {
  let kept = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-KEPT);
  });
  return () => kept.trim();
}
