import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { type Broker, texts } from '../servers/broker-suite.ts';
import { uniqueName } from '../servers/unique-name.ts';
import { withServer } from '../servers/with-server.ts';

const KILLS = Number(process.env.MILLRACE_FAULTS ?? 3);
const RECORDS_PER_KILL = 60;

/**
 * Kills a process that consumes from a broker at random points, again and again. What the broker took
 * for done at that moment has to be in the sink, and in the end everything has.
 *
 * @param source which of the sources for the consumer reads
 */
export function describeFaults<T>(broker: Broker<T>, source: string = broker.kind.name): void {
  withServer(broker.kind, `${broker.title}, killed ${KILLS} times`, (server) => {
    it('loses no record, and acknowledges none that was not processed', {
      timeout: 180_000 + KILLS * 60_000,
    }, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, 'sink.txt');
      writeFileSync(file, '');
      const name = uniqueName('faults');
      const channel = await broker.channel(server(), name);
      const records = texts(2 * KILLS * RECORDS_PER_KILL);
      await channel.feed(records);
      const written = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
      const consume = () => startConsumer([source, server().url, name, file]);

      for (let kill = 0; kill < KILLS; kill++) {
        const consumer = consume();
        const until = written().length + 1 + Math.floor(RECORDS_PER_KILL * Math.random());
        await expect
          .poll(
            () => hasEnded(consumer) || written().length >= until || isAllIn(written(), records),
            { interval: 5 },
          )
          .toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
        expect(hasEnded(consumer)).toBe(false);
        consumer.kill('SIGKILL');
        await once(consumer, 'exit');
        const done = records.length - (await channel.left());
        expect(done).toBeLessThanOrEqual(new Set(written()).size);
      }

      const last = consume();
      onTestFinished(() => void last.kill('SIGKILL'));
      await expect.poll(() => channel.left(), { interval: 50 }).toBe(0);
      expect(isAllIn(written(), records)).toBe(true);
      const repeated = written().length - records.length;
      console.info(
        `${broker.title}: ${records.length} records, ${KILLS} kills, ${repeated} repeated`,
      );
    });
  });
}

function startConsumer(args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL('./consumer.ts', import.meta.url));
  const consumer = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(() => void consumer.kill('SIGKILL'));
  return consumer;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function isAllIn(written: readonly string[], records: readonly string[]): boolean {
  const lines = new Set(written);
  return records.every((record) => lines.has(record));
}
