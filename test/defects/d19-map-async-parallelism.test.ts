import { expect, it } from 'vitest';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

describeForms('D19, streamz runs one call too many, spins, and loses what fails', () => {
  it.each([1, 2, 4])('with parallelism %i exactly that many calls run', async (parallelism) => {
    const { source } = timedSource();
    const gates = Array.from({ length: 9 }, () => deferred());
    let running = 0;
    let most = 0;
    const f = async (x: number) => {
      most = Math.max(most, ++running);
      await gates[x]?.promise;
      running--;
    };
    source.mapAsync(f, { parallelism });
    const emitted = source.emitMany(gates.keys());
    for (const gate of gates) {
      await turn();
      gate.resolve();
    }
    await emitted;
    expect(most).toBe(parallelism);
  });

  it('waits for a place without polling', async () => {
    const { clock, source } = timedSource();
    const gate = deferred();
    source.mapAsync(() => gate.promise);
    const pollers = () => process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
    await turn();
    const before = pollers();
    source.emit(1);
    const waiting = source.emit(2);
    // That a turn of the event loop comes round shows that no promises chase each other.
    await turn();
    expect(pollers()).toEqual(before);
    expect(clock.pending).toBe(0);
    gate.resolve();
    await waiting;
  });

  it('acknowledges what fails once, and negatively', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    source.mapAsync((x) => Promise.reject(new Error(`no ${x}`)));
    for (const x of [1, 2, 3]) await source.emit(x, options(x));
    await source.end();
    expect(log).toEqual([
      [1, 'no 1'],
      [2, 'no 2'],
      [3, 'no 3'],
    ]);
  });
});
