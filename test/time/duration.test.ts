import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/time/duration.ts';

describe('parseDuration()', () => {
  it.each([
    [0, 0],
    [1.5, 1.5],
    ['500ms', 500],
    ['1s', 1000],
    ['.5s', 500],
    ['2 minutes', 120_000],
    ['1 Day', 86_400_000],
    ['1h30m', 5_400_000],
    ['1 h 30 min', 5_400_000],
    ['200 minutes', 12_000_000],
    ['5us', 0.005],
    ['1w', 604_800_000],
    [{ seconds: 3 }, 3000],
    [{ minutes: 1, seconds: 30 }, 90_000],
  ])('reads %j as %d ms', (given, expected) => {
    expect(parseDuration(given)).toBeCloseTo(expected, 9);
  });

  it.each([
    '',
    ' ',
    'soon',
    '5',
    '5 parsecs',
    '1h x',
    '1h,2m',
    '-1s',
    Number.NaN,
    {},
    { parsecs: 1 },
    null,
    undefined,
    true,
  ])('refuses %j with a TypeError that shows the value', (given) => {
    expect(() => parseDuration(given as never, 'delay')).toThrow(TypeError);
    expect(() => parseDuration(given as never, 'delay')).toThrow(/^Cannot create delay: .*got /);
  });

  it.each([-1, Number.POSITIVE_INFINITY, { seconds: -2 }])(
    'refuses %j with a RangeError',
    (given) => {
      expect(() => parseDuration(given, 'delay')).toThrow(RangeError);
    },
  );
});
