import { Stream } from '../../src/stream.ts';

/** Run as a process of its own: it must end by itself, though its timers were set for a day. */
const source = new Stream<number>();
source.delay('1 day');
source.rateLimit('1 day');
source.timedWindow('1 day');
source.timedWindowUnique('1 day');
source.partition(5, { timeout: '1 day' });
source.mapAsync(() => new Promise(() => {}), { timeout: '1 day', parallelism: 2 });
source.buffer(5).latest();
source.emit(1);
source.emit(2)?.catch(() => {});
setTimeout(() => {
  source.destroy();
  process.stdout.write('destroyed');
}, 20);
