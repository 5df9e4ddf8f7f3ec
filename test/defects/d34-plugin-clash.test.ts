import { expect, it } from 'vitest';
import { unregisterApi } from '../../src/extension/register-api.ts';
import { CustomNode, Stream } from '../../src/index.ts';

class Same extends CustomNode<number, number> {
  protected override update(x: number): void {
    this.push(x);
  }
}

it('D34, a clash of plugin names breaks the import of streamz; here it is an error that names both', () => {
  Stream.registerApi('same', Same, { plugin: 'millrace-plugin-one' });
  try {
    expect(() => Stream.registerApi('same', Same, { plugin: 'millrace-plugin-two' })).toThrow(
      /same for millrace-plugin-two: the name is taken by millrace-plugin-one/,
    );
    const source = new Stream<number>() as Stream<number> & { same(): Stream<number> };
    const seen = source.same().sinkToList();
    source.emit(1);
    expect(seen).toEqual([1]);
  } finally {
    unregisterApi(Stream, 'same');
  }
});
