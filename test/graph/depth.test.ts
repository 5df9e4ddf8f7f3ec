import { expect, it } from 'vitest';
import { CustomNode } from '../../src/extension/custom-node.ts';
import { setCompiler } from '../../src/graph/compile.ts';
import { Stream } from '../../src/stream.ts';
import { describeForms, turn } from './forms.ts';

class Same extends CustomNode<number, number> {
  protected override update(x: number): void {
    this.push(x);
  }
}

type Link = (stream: Stream<number>) => Stream<number>;

/** Kinds of nodes, and how many of them in a row are let through in closure form, with metadata. */
const kinds: [name: string, link: Link, most: number][] = [
  ['map', (stream) => stream.map((x) => x), 2398],
  ['accumulate', (stream) => stream.accumulate((_state, x) => x), 2398],
  ['flatten', (stream) => stream.map((x) => [x]).flatten(), 599],
  ['slidingWindow', (stream) => stream.slidingWindow(1).map((xs) => xs[0]!), 599],
  ['zip', (stream) => stream.zip('a').map(([x]) => x), 599],
  ['a retry', (stream) => stream.map((x) => x).onError({ retry: { attempts: 2 } }), 799],
  ['a node of one’s own', (stream) => new Same(stream), 799],
];

function chain(link: Link, length: number) {
  const source = new Stream<number>();
  const first = source.sinkToList();
  let end = source;
  for (let i = 0; i < length; i++) end = link(end);
  return { source, first, last: end.sinkToList() };
}

describeForms('a chain', () => {
  it.each(kinds)('of %s as long as it may be runs, with metadata and without', (_, link, most) => {
    const { source, last } = chain(link, most);
    source.emitMany([1, 2]);
    const acknowledged: unknown[] = [];
    source.emit(3, { acknowledge: (error) => acknowledged.push(error) });
    expect(last).toEqual([1, 2, 3]);
    expect(acknowledged).toEqual([undefined]);
  });

  it.each(kinds.slice(-2))('of 10,000 times %s is refused before any delivery', (_, link) => {
    const { source, first } = chain(link, 10_000);
    expect(() => source.emit(1)).toThrow(expect.objectContaining({ code: 'ERR_TOO_DEEP' }));
    expect(() => source.emitMany([1])).toThrow(expect.objectContaining({ code: 'ERR_TOO_DEEP' }));
    expect(first).toEqual([]);
  });

  it('that is too long is cut by buffers', async () => {
    const cut: Link = (stream) => {
      let end = stream.buffer(1);
      for (let i = 0; i < 1000; i++) end = end.map((x) => x + 1);
      return end;
    };
    const { source, last } = chain(cut, 10);
    await source.emitMany([1, 2]);
    await source.end();
    expect(last).toEqual([10_001, 10_002]);
  });

  it('round a loop is as long as one turn', async () => {
    const source = new Stream<number>();
    let end: Stream<number> = source;
    for (let i = 0; i < 2000; i++) end = end.map((x) => x);
    const next = end.map((x) => x - 1).filter((x) => x > 0);
    const seen = next.sinkToList();
    next.connect(source);
    source.emit(4);
    await turn();
    expect(seen).toEqual([3, 2, 1]);
  });
});

it.each(kinds.filter(([name]) => /map|accumulate|slidingWindow|zip/.test(name)))(
  '10,000 times %s run as generated code',
  (_, link) => {
    setCompiler('generated');
    const { source, last } = chain(link, 10_000);
    source.emitMany([1, 2]);
    expect(last).toEqual([1, 2]);
    setCompiler(undefined);
  },
);

it.each(kinds)('10,000 times %s are refused as closures', (_, link) => {
  setCompiler('closure');
  const { source, first } = chain(link, 10_000);
  expect(() => source.emit(1)).toThrow(
    /^Cannot compile a graph of \d+ nodes: the chain that leads to \w+ must fit the stack; a buffer cuts it in two$/,
  );
  expect(first).toEqual([]);
  setCompiler(undefined);
});
