import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { acknowledgements, describeForms } from '../graph/forms.ts';

describeForms('D18, streamz stops delivering at the first branch that throws', () => {
  it('all branches get the element, then the emitter gets the error', () => {
    const source = new Stream<number>();
    const before = source.sinkToList();
    source.sink(() => {
      throw new RangeError('second branch');
    });
    const after = source.sinkToList();
    expect(() => source.emit(1)).toThrow(RangeError);
    expect([before, after]).toEqual([[1], [1]]);
  });

  it('several errors come as one AggregateError, in order of delivery', () => {
    const source = new Stream<number>();
    for (const name of ['a', 'b']) {
      source.sink(() => {
        throw new Error(name);
      });
    }
    const { log, options } = acknowledgements();
    let thrown: unknown;
    try {
      source.emit(1, options(1));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AggregateError);
    expect((thrown as AggregateError).errors.map((error: Error) => error.message)).toEqual([
      'a',
      'b',
    ]);
    expect(log).toHaveLength(1);
    expect(log[0]?.[1]).not.toBe('ok');
  });
});
