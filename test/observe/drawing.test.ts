import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toDot } from '../../src/observe/dot.ts';
import type { Drawing } from '../../src/observe/drawing.ts';
import { toMermaid } from '../../src/observe/mermaid.ts';
import { dotToSvg } from '../../src/observe/svg.ts';
import { visualize } from '../../src/observe/visualize.ts';

const HOSTILE = 'a"b\\n<b>]|;\n%{\'é';

const drawing: Drawing = {
  nodes: [
    { id: '0', label: 'source', shape: 'ellipse', plane: 'element' },
    { id: '1', label: HOSTILE, shape: 'box', plane: 'element' },
    { id: '2', label: 'zip', shape: 'triangle', plane: 'element' },
    { id: '3', label: 'rolling(5)', shape: 'octagon', plane: 'column' },
  ],
  edges: [
    { from: '0', to: '1', order: 0 },
    { from: '0', to: '2', order: 1 },
    { from: '1', to: '2', order: null },
    { from: '2', to: '3', order: null },
    { from: '2', to: '0', order: null, back: true },
  ],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-drawing-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('toDot()', () => {
  it('writes shapes, delivery order, planes and back edges', () => {
    const dot = toDot(drawing, { rankdir: 'LR' });
    expect(dot).toContain('rankdir="LR";');
    expect(dot).toContain('"2" [label="zip" shape=triangle orientation=270');
    expect(dot).toContain('"0" -> "2" [label="1"];');
    expect(dot).toContain('"1" -> "2" [];');
    expect(dot).toContain('fillcolor="#e8f0fe"');
    expect(dot).toContain('"2" -> "0" [style=dashed constraint=false];');
  });

  it('refuses an attribute name that would be more than a name', () => {
    expect(() => toDot(drawing, { 'a=b;x': 1 })).toThrow(/rankdir, got 'a=b;x'/);
  });

  it('is DOT that Graphviz reads, hostile labels included', async () => {
    const svg = await dotToSvg(toDot(drawing));
    expect(svg).toContain('<svg');
    expect(svg).toContain('zip');
    expect(svg).toContain('&lt;b&gt;');
    expect(svg.match(/class="node"/g)).toHaveLength(4);
    expect(svg.match(/class="edge"/g)).toHaveLength(5);
  });
});

describe('toMermaid()', () => {
  it('writes a flowchart with labels that cannot break out', () => {
    expect(toMermaid(drawing, { rankdir: 'LR' }).split('\n')).toEqual([
      'flowchart LR',
      '  n0(["source"])',
      '  n1["a#34;b#92;n#60;b#62;#93;#124;;<br/>#37;#123;#39;#233;"]',
      '  n2>"zip"]',
      '  n3{{"rolling#40;5#41;"}}:::column',
      '  n0 -->|0| n1',
      '  n0 -->|1| n2',
      '  n1 --> n2',
      '  n2 --> n3',
      '  n2 -.-> n0',
      '  classDef column fill:#e8f0fe',
      '',
    ]);
  });

  it('refuses a direction it does not have', () => {
    expect(() => toMermaid(drawing, { rankdir: 'XY' })).toThrow(/LR.*got 'XY'/);
  });
});

describe('visualize()', () => {
  it.each([
    ['graph.dot', 'digraph {'],
    ['graph.mmd', 'flowchart TB'],
    ['graph.svg', '<?xml'],
    ['graph.PNG', '\u0089PNG'],
  ])('writes %s', async (name, start) => {
    const path = join(folder, name);
    await visualize(drawing, path);
    const written = await readFile(path);
    expect(written.subarray(0, start.length).toString('latin1')).toBe(start);
    expect(written.length).toBeGreaterThan(100);
  });

  it('refuses an unknown extension, and none', async () => {
    await expect(visualize(drawing, join(folder, 'graph.bmp'))).rejects.toThrow(
      /\.svg.*graph\.bmp/,
    );
    await expect(visualize(drawing, undefined as never)).rejects.toThrow(RangeError);
  });
});
