import { describe, expect, test } from 'vitest';
import { drawing, type Moment, openView, sparkline, summary } from '../../examples/flights/view.ts';

const moment: Moment = {
  rows: 1_500_000,
  totalRows: 3_000_000,
  elapsed: 500,
  date: Date.UTC(2001, 3, 1, 12, 30),
  worst: [
    { origin: 'AAA', count: 12_345, mean: 20.04 },
    { origin: 'BBB', count: 20, mean: 10 },
  ],
  rollingMean: 7.25,
  rollingStd: 30.5,
  history: [1, 2, 3, 4, 5, 6, 7, 8],
  days: 90,
  lastDay: { day: Date.UTC(2001, 2, 31), worst: [{ origin: 'CCC', count: 21, mean: 90.4 }] },
  alerts: 1234,
  lastAlerts: [{ date: Date.UTC(2001, 3, 1, 11), origin: 'DDD', mean: 60.02 }],
};

/** A terminal that keeps what it is sent. */
function screen(isTTY: boolean, columns = 80) {
  const writes: string[] = [];
  return { isTTY, columns, rows: 24, write: (text: string) => writes.push(text), writes };
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[?0-9;]*[A-Za-z]`, 'g');

describe('the terminal view', () => {
  test('redraws in place at most ten times a second and gives the cursor back', () => {
    const terminal = screen(true);
    const view = openView(terminal, {});
    for (let now = 0; now <= 1000; now += 10) view.update(now / 1000, now, () => moment);
    view.close(() => moment);
    const [hide, first, ...others] = terminal.writes;
    const show = others.pop();
    expect(hide).toBe('\x1b[?25l');
    expect(show).toBe('\x1b[?25h');
    expect(others).toHaveLength(11);
    const lines = first!.split('\n').length - 1;
    expect(first!.startsWith('\x1b[')).toBe(true);
    for (const text of others) expect(text.startsWith(`\x1b[${lines}A\r`)).toBe(true);
  });

  test('shows progress, rate, airports, sparkline and alerts', () => {
    const terminal = screen(true);
    openView(terminal, { NO_COLOR: '1' }).update(0.5, 0, () => moment);
    const text = terminal.writes.at(-1)!.replaceAll(ESCAPES, '');
    for (const part of [
      ' 50%  1,500,000 rows  3.00 million rows/s',
      '  1  AAA    12,345 flights    20.0 min',
      '7.3 ± 30.5 min',
      '▁▂▃▄▅▆▇█',
      'worst on 2001-03-31   CCC 90',
      'alerts: 1,234',
      '2001-04-01 11:00  DDD    60.0 min',
    ]) {
      expect(text).toContain(part);
    }
  });

  test.each([20, 40, 80, 200])('keeps within %i columns', (columns) => {
    const terminal = screen(true, columns);
    openView(terminal, {}).update(0, 0, () => moment);
    const text = terminal.writes.at(-1)!.replaceAll(ESCAPES, '');
    for (const line of text.split('\n')) expect([...line].length).toBeLessThan(columns);
  });

  test('writes no colours with NO_COLOR', () => {
    const colored = screen(true);
    const plain = screen(true);
    openView(colored, {}).update(0, 0, () => moment);
    openView(plain, { NO_COLOR: '1' }).update(0, 0, () => moment);
    expect(colored.writes.at(-1)).toContain('\x1b[1m');
    expect(plain.writes.at(-1)!.match(ESCAPES)).not.toContainEqual(expect.stringMatching(/m$/));
  });

  test('draws before the first flight too', () => {
    const nothing: Moment = {
      ...moment,
      rows: 0,
      totalRows: 0,
      elapsed: 0,
      worst: [],
      rollingMean: null,
      rollingStd: null,
      history: [],
      lastDay: undefined,
      lastAlerts: [],
    };
    expect(() => drawing(nothing, 80)).not.toThrow();
  });
});

test('anywhere else one plain line is written per tenth of the way', () => {
  const file = screen(false);
  const view = openView(file, {});
  for (let i = 1; i <= 1000; i++) view.update(i / 1000, i, () => moment);
  view.close(() => moment);
  expect(file.writes).toHaveLength(10);
  for (const line of file.writes) {
    expect(line).toBe(
      '2001-04-01  1,500,000 flights | 3.00 million rows/s | last 1,000: 7.3 ± 30.5 min | alerts: 1,234 | worst on 2001-03-31: CCC 90.4 min\n',
    );
  }
});

describe('sparkline()', () => {
  test('draws each value, from the lowest to the highest', () => {
    expect(sparkline([0, 7, 3.5], 10)).toBe('▁█▅');
  });

  test('draws means where there are more values than room', () => {
    expect(sparkline([0, 2, 10, 12], 2)).toBe('▁█');
    expect(
      sparkline(
        Array.from({ length: 1000 }, (_, i) => Math.sin(i)),
        60,
      ),
    ).toHaveLength(60);
  });

  test('of equal values is flat, of none is empty', () => {
    expect(sparkline([5, 5, 5], 10)).toBe('▁▁▁');
    expect(sparkline([], 10)).toBe('');
  });
});

test('summary() lists the airports, the totals, the rate and the memory', () => {
  expect(summary(moment, 123_400_000).split('\n')).toEqual([
    '',
    'Ten worst origins by mean delay, of those with 20 flights or more',
    '   #  origin    flights  mean (min)',
    '   1  AAA        12,345        20.0',
    '   2  BBB            20        10.0',
    '',
    '1,500,000 flights, 90 days, 1,234 alerts',
    '0.50 s, 3.00 million rows/s, peak memory 123 MB',
    '',
  ]);
});
