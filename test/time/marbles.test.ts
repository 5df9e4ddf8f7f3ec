import { describe, expect, it } from 'vitest';
import { parseMarbles, playMarbles } from '../../src/time/marbles.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

describe('parseMarbles()', () => {
  it('gives each character a frame and a group one frame', () => {
    expect(parseMarbles('-a (bc) -1 |', { frame: 5 })).toEqual({
      elements: [
        { time: 5, value: 'a' },
        { time: 10, value: 'b' },
        { time: 10, value: 'c' },
        { time: 20, value: 1 },
      ],
      end: 25,
    });
  });

  it('takes values from the table', () => {
    expect(parseMarbles('xy', { values: { x: null, y: [1] } }).elements).toEqual([
      { time: 0, value: null },
      { time: 10, value: [1] },
    ]);
  });

  it.each([
    ['(a', 'never closed'],
    ['a)', 'nest'],
    ['((a))', 'nest'],
    ['(-)', 'hold'],
    ['a|b', 'after'],
  ])('refuses %s', (picture, reason) => {
    expect(() => parseMarbles(picture)).toThrow(SyntaxError);
    expect(() => parseMarbles(picture)).toThrow(reason);
  });

  it('refuses an unnamed marble, an inherited name and a frame of 0', () => {
    expect(() => parseMarbles('z', { values: { a: 1 } })).toThrow("'z'");
    expect(() => parseMarbles('a', { frame: 0 })).toThrow(RangeError);
  });
});

describe('playMarbles()', () => {
  it('emits at the pictured times and holds back while an emission is pending', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const target = {
      emit(value: string | number) {
        seen.push(`${value}@${clock.now()}`);
        return new Promise<void>((resolve) => clock.setTimeout(resolve, 25));
      },
    };
    let ended = -1;
    const played = playMarbles(target, 'ab-----c--|', clock).then(() => {
      ended = clock.now();
    });
    await clock.runAll();
    await played;
    expect(seen).toEqual(['a@0', 'b@25', 'c@70']);
    expect(ended).toBe(100);
  });

  it('stops at an emission that fails', async () => {
    const clock = new VirtualClock();
    const target = { emit: () => Promise.reject(new Error('no')) };
    const played = expect(playMarbles(target, 'ab', clock)).rejects.toThrow('no');
    await clock.runAll();
    await played;
  });
});
