import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  Acknowledgement,
  BoundedQueue,
  type DeadLetter,
  LowWaterMark,
  Stream,
  VirtualClock,
} from '../../src/index.ts';
import { drawGraph } from '../../src/observe/draw-graph.ts';

const increment = (x: number) => x + 1;

/** A source with a fork, a join, a loop and a boundary. */
function everything() {
  const source = new Stream<number>({ name: 'ticks' });
  const mapped = source.map(increment);
  const windows = source.slidingWindow(3);
  mapped
    .zip(windows)
    .buffer(10)
    .sink(() => undefined);
  mapped.filter((x) => x < 0).connect(source);
  return { source, mapped };
}

describe('drawGraph()', () => {
  it('draws every node once, with streamz shapes, and edges in delivery order', () => {
    const { source } = everything();
    const { nodes, edges } = drawGraph(source.node);
    expect(nodes.map(({ label, shape }) => [label, shape])).toEqual([
      ['ticks; source', 'doubleoctagon'],
      ['map: increment', 'ellipse'],
      ['slidingWindow: 3', 'diamond'],
      ['zip', 'triangle'],
      ['buffer: 10', 'diamond'],
      ['sink', 'trapezium'],
      ['filter', 'ellipse'],
    ]);
    expect(edges).toEqual([
      { from: '0', to: '1', order: 0 },
      { from: '0', to: '2', order: 1 },
      { from: '1', to: '3', order: 0 },
      { from: '1', to: '6', order: 1 },
      { from: '2', to: '3', order: null },
      { from: '3', to: '4', order: null },
      { from: '4', to: '5', order: null },
      { from: '6', to: '0', order: null, back: true },
    ]);
  });

  it('is the same from wherever in the graph it is asked for', () => {
    const { source, mapped } = everything();
    expect(drawGraph(mapped.node)).toEqual(drawGraph(source.node));
  });

  it('shows both planes as one graph', () => {
    const source = new Stream<number>();
    const series = source.toSeries('f64', { name: 'prices' });
    series
      .rolling(5)
      .mean()
      .toStream()
      .sink(() => undefined);
    const { nodes, edges } = drawGraph(source.node);
    const byLabel = new Map(nodes.map((node) => [node.id, node.label]));
    expect(new Set(nodes.map(({ plane }) => plane))).toEqual(new Set(['element', 'column']));
    const path = [nodes.find(({ label, plane }) => label === 'source' && plane === 'element')!.id];
    for (let next = edges.find(({ from }) => from === path[0]); next !== undefined; ) {
      path.push(next.to);
      const { to } = next;
      next = edges.find(({ from }) => from === to);
    }
    const labels = path.map((id) => byLabel.get(id));
    expect(labels[1]).toBe('sink');
    expect(labels).toContain('prices');
    expect(labels).toContain('rolling: 5');
    expect(labels.slice(-2)).toEqual(['source', 'sink']);
  });

  it('draws a graph of thousands of nodes without growing the stack', () => {
    let stream = new Stream<number>();
    for (let i = 0; i < 5000; i++) stream = stream.map(increment);
    expect(drawGraph(stream.node).nodes).toHaveLength(5001);
  });
});

describe('explain()', () => {
  it('lists segments, fused operators, boundaries and loops', () => {
    const { source } = everything();
    const lines = source.explain().replaceAll(/#\d+ /g, '').split('\n');
    expect(lines).toEqual([
      'element plane, 7 nodes, compiled to one generated text',
      'segment from ticks; source',
      '  map: increment',
      '    zip, shared: called as a function, input 0',
      '    filter',
      '      back to ticks; source, through the queue of the loop',
      '  slidingWindow: 3',
      '    zip, shared: called as a function, input 1',
      'segment from zip',
      '  buffer: 10, boundary: accepts here, delivers later',
      'segment from buffer: 10',
      '  sink',
    ]);
  });

  it('has one line for each node, whatever its name is', () => {
    const source = new Stream<number>({ name: 'two\nlines' });
    source.sink(() => undefined);
    const lines = source.explain().replaceAll(/#\d+ /g, '').split('\n');
    expect(lines.slice(1)).toEqual(['segment from two lines; source', '  sink']);
  });

  it('says where the column plane begins', () => {
    const source = new Stream<number>();
    source
      .toSeries('f64')
      .mean()
      .sink(() => undefined);
    expect(source.explain()).toMatch(/sink, to the column plane/);
  });
});

describe('inspection', () => {
  it('names class, stream and operator', () => {
    const { source, mapped } = everything();
    expect(inspect(source)).toBe('Stream <ticks; source>');
    expect(inspect(mapped)).toBe('Stream <map: increment>');
  });

  it('gives notebooks text, Mermaid and SVG', async () => {
    const { source } = everything();
    const display = Symbol.for('Jupyter.display') as keyof Stream<number>;
    const bundle = await (source[display] as unknown as () => Promise<Record<string, string>>)();
    expect(Object.keys(bundle)).toEqual(['text/plain', 'text/vnd.mermaid', 'image/svg+xml']);
    expect(bundle['image/svg+xml']).toContain('<svg');
  });
});

describe('named()', () => {
  it('shows in drawings, in what explain() says, and to whoever is told of an error', () => {
    const letters = new Stream<DeadLetter>();
    const dead = letters.sinkToList();
    const source = new Stream<number>();
    const halves = source
      .map((x) => {
        if (x % 2 === 1) throw new Error('odd');
        return x / 2;
      })
      .named('halves')
      .onError({ deadLetter: letters });
    halves.delay('2s').destroy();
    source.emit(2);
    halves.named('half');
    source.emit(1);
    expect(dead[0]).toMatchObject({ stream: 'half', operator: 'map' });
    expect(halves.name).toBe('half');
    expect(source.explain()).toContain('half; map');
    expect(source.toDot()).toContain('half');
    expect(() => source.named(3 as never)).toThrow('name must be text, got 3');
  });
});

it('console.log shows where the helpers of a graph stand', async () => {
  const queue = new BoundedQueue<number>({ capacity: 2 });
  queue.tryPush(1);
  expect(inspect(queue)).toBe('BoundedQueue <1 of 2>');
  queue.close();
  expect(inspect(queue)).toBe('BoundedQueue <1 of 2, closed>');
  const mark = new LowWaterMark<number>({ commit: () => {} });
  mark.accept(7);
  expect(inspect(mark)).toBe('LowWaterMark <1 pending>');
  const clock = new VirtualClock();
  clock.setTimeout(() => {}, 9);
  await clock.advance(5);
  expect(inspect(clock)).toBe('VirtualClock <5 ms, 1 timers>');
  const acknowledgement = new Acknowledgement(() => {});
  acknowledgement.retain();
  expect(inspect(acknowledgement)).toBe('Acknowledgement <1 holders>');
  acknowledgement.fail(new Error('no'));
  acknowledgement.release();
  expect(inspect(acknowledgement)).toBe('Acknowledgement <settled, failed>');
});
