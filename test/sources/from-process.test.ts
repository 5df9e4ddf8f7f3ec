import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromProcess, type ProcessOptions, VirtualClock } from '../../src/index.ts';
import { until } from '../until.ts';

const node = (script: string, options?: ProcessOptions) =>
  fromProcess([process.execPath, '-e', script], options);

/** Whether a process is there. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('fromProcess()', () => {
  it('emits lines, also the last without a delimiter, and ends', async () => {
    const source = node("process.stdout.write('one\\ntwo\\nthree')");
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['one\n', 'two\n', 'three']);
    expect(source.state).toBe('ended');
    await source.start();
    expect(seen).toHaveLength(6);
  });

  it('gives arguments to the program as they are, and a text to the shell', async () => {
    const plain = fromProcess(['echo', '$HOME; ls']);
    const shell = fromProcess('echo a; echo b');
    const seen = plain.union(shell).sinkToList();
    await plain.start();
    await shell.start();
    expect(seen).toEqual(['$HOME; ls\n', 'a\n', 'b\n']);
  });

  it('fails with the exit code and what the process said', async () => {
    const source = node(
      "console.log('first'); console.error('no such file'); process.exitCode = 3",
    );
    const seen = source.sinkToList();
    await expect(source.start()).rejects.toMatchObject({
      code: 'ERR_PROCESS_EXIT',
      message: expect.stringMatching(/its exit code is 3; it said: no such file$/),
    });
    expect(seen).toEqual(['first\n']);
  });

  it('fails with the signal that ended it', async () => {
    const source = node("process.kill(process.pid, 'SIGKILL')");
    await expect(source.start()).rejects.toThrow('signal SIGKILL ended it');
  });

  it('fails where there is no such program', async () => {
    const source = fromProcess(['millrace-no-such-program']);
    await expect(source.start()).rejects.toMatchObject({ code: 'ERR_PROCESS_START' });
    expect(source.pid).toBeUndefined();
  });

  it('emits lines of standard error too', async () => {
    const source = node("console.error('e'); console.log('o')", { stderr: 'emit' });
    const seen = source.sinkToList();
    await source.start();
    expect(seen.sort()).toEqual(['e\n', 'o\n']);
  });

  it('ends the process at a stop, and starts another', async () => {
    const source = node("console.log('up'); setInterval(() => {}, 1000)");
    const seen = source.sinkToList();
    for (let round = 1; round <= 2; round++) {
      const done = source.start();
      await until(() => seen.length === round);
      const pid = source.pid!;
      expect(isAlive(pid)).toBe(true);
      await source.stop();
      await done;
      expect(isAlive(pid)).toBe(false);
    }
  });

  it('lets a process finish what it has to say at a stop', async () => {
    const clock = new VirtualClock();
    const folder = await mkdtemp(join(tmpdir(), 'millrace-process-'));
    const file = join(folder, 'done');
    const script = `process.on('SIGTERM', () => {
      process.stdout.write('x'.repeat(1e6), (error) => {
        require('node:fs').writeFileSync(${JSON.stringify(file)}, String(error ?? 'written'));
        process.exit();
      });
    }); console.log('up'); setInterval(() => {}, 1000)`;
    const source = node(script, { clock });
    const seen = source.sinkToList();
    const done = source.start();
    await until(() => seen.length === 1);
    await source.stop();
    await done;
    expect(await readFile(file, 'utf8')).toBe('written');
    expect(seen).toEqual(['up\n']);
    await rm(folder, { recursive: true });
  });

  it('kills a process that does not listen', async () => {
    const clock = new VirtualClock();
    const script = "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000);";
    const source = node(`${script} console.log('up')`, { clock, killTimeout: '2s' });
    const seen = source.sinkToList();
    const done = source.start();
    await until(() => seen.length === 1);
    const pid = source.pid!;
    const stopped = source.stop();
    await clock.advance('1s');
    expect(isAlive(pid)).toBe(true);
    await clock.advance('1s');
    await stopped;
    await done;
    expect(isAlive(pid)).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('ends the process when destroyed', async () => {
    const source = node("console.log('up'); setInterval(() => {}, 1000)");
    const seen = source.sinkToList();
    void source.start();
    await until(() => seen.length === 1);
    const pid = source.pid!;
    source.destroy();
    await until(() => !isAlive(pid));
  });

  it('holds the process back when the graph is slow', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-process-'));
    const count = join(folder, 'written');
    const source = node(
      `const chunk = Buffer.alloc(65536, 'x'.repeat(1023) + '\\n');
      let written = 0;
      const write = () => {
        written += chunk.length;
        if (process.stdout.write(chunk)) setImmediate(write);
        else process.stdout.once('drain', write);
      };
      process.on('SIGTERM', () => {
        require('node:fs').writeFileSync(${JSON.stringify(count)}, String(written));
        process.exit();
      });
      write();`,
    );
    let lines = 0;
    source.sink(async () => {
      lines++;
      await new Promise(setImmediate);
    });
    const done = source.start();
    await until(() => lines > 500);
    await source.stop();
    await done;
    // The pipe, a read, a read ahead, and what the process had made, and wrote before it heard of the end.
    const written = Number(await readFile(count, 'utf8'));
    expect(written - 1024 * lines).toBeLessThan(8 * 65_536);
    await rm(folder, { recursive: true });
  });

  it('leaves out a line that is too long where onError says so', async () => {
    const errors: unknown[] = [];
    const script = "console.log('x'.repeat(1e6)); console.log('short')";
    const source = node(script, { maxLength: 100, onError: (error) => void errors.push(error) });
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['short\n']);
    expect(errors).toMatchObject([{ code: 'ERR_TEXT_TOO_LONG' }]);
  });

  it('refuses wrong arguments', () => {
    expect(() => fromProcess([])).toThrow('Cannot create fromProcess: command');
    expect(() => fromProcess(['a', 1] as never)).toThrow(TypeError);
    expect(() => fromProcess('a', { stderr: 'x' as never })).toThrow('stderr');
  });
});
