import { describe, expect, it } from 'vitest';
import { DataFrame, VirtualClock } from '../../src/index.ts';

const schema = { user: 'utf8', pages: 'i64', at: 'timestamp' } as const;

/** Users that come once each, and one that keeps coming. */
function visits(frame: DataFrame<typeof schema>, batch: number) {
  frame.emit(
    Array.from({ length: 1000 }, (_, i) => ({
      user: i % 2 === 0 ? 'regular' : `user ${batch}/${i}`,
      pages: 1,
      at: batch * 1000 + i,
    })),
  );
}

describe('M7, groups of streamz only ever grow', () => {
  const clock = new VirtualClock();
  const bounded = {
    maxGroups: (frame: DataFrame<typeof schema>) =>
      frame.groupBy('user', { maxGroups: 100 }).pages.sum(),
    'ttl by the clock': (frame: DataFrame<typeof schema>) =>
      frame.groupBy('user', { ttl: '2s' }).pages.sum(),
    'ttl by the rows': (frame: DataFrame<typeof schema>) =>
      frame.groupBy('user', { ttl: '2s', on: 'at' }).pages.sum(),
    'a window': (frame: DataFrame<typeof schema>) =>
      frame.window({ n: 1000 }).groupBy('user').pages.sum(),
  };

  it.each(Object.entries(bounded))(
    '%s: state does not grow with the keys seen',
    async (name, build) => {
      const frame = new DataFrame(schema, { clock });
      const sums = build(frame);
      let most = 0;
      let last = 0;
      sums.sink((table) => {
        most = Math.max(most, table.numRows);
        last = Number(table.toRows()[0]?.pages);
      });
      let early = 0;
      for (let batch = 0; batch < 30; batch++) {
        visits(frame, batch);
        await clock.advance(1000);
        if (batch === 5) early = frame.snapshot().length;
      }
      expect(frame.snapshot().length).toBeLessThan(early * 2);
      expect(most).toBeLessThanOrEqual(1501);
      expect(last).toBe(name === 'a window' ? 500 : 30 * 500);
    },
  );

  it('a list of results may be emptied by whoever has it', () => {
    const frame = new DataFrame(schema, { clock });
    const list = frame.groupBy('user', { maxGroups: 1 }).pages.sum().sinkToList();
    visits(frame, 0);
    expect(list.splice(0)).toHaveLength(1);
    visits(frame, 1);
    expect(list).toHaveLength(1);
  });
});
