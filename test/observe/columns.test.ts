import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DataFrame, Series, Stream } from '../../src/index.ts';

/** What a notebook gets. */
async function display(value: object): Promise<Record<string, string>> {
  const show = (value as Record<symbol, () => unknown>)[Symbol.for('Jupyter.display')]!;
  return (await show.call(value)) as Record<string, string>;
}

describe('columns in a console and a notebook', () => {
  it('live columns name their operator and columns, and draw their graph', async () => {
    const frame = new DataFrame({ key: 'utf8', value: 'f64' }, { name: 'trades' });
    const sums = frame.groupBy('key').value.sum();
    expect(inspect(sums)).toBe('Summary <groupBy> (key: utf8, value: f64)');
    expect(inspect(frame)).toBe('DataFrame <input> (key: utf8, value: f64)');
    expect(inspect(new Series('f64').rolling(3).mean())).toMatch(/^Series <rolling>/);
    sums.sink(() => undefined);
    expect(sums.toMermaid()).toContain('trades');
    expect(sums.toDot({ rankdir: 'LR' })).toContain('groupBy');
    expect(await sums.toSVG()).toContain('<svg');
    const bundle = await display(sums);
    expect(bundle['text/plain']).toBe(inspect(sums));
    expect(bundle['image/svg+xml']).toContain('groupBy');
  });

  it('results are HTML tables with nothing of the data in the markup', async () => {
    const frame = new DataFrame({ key: 'utf8', value: 'f64' });
    const tables = frame.groupBy('key').value.sum().sinkToList();
    frame.emit({ key: ['<b>&', 'x'], value: [1.5, 2] });
    const { 'text/html': html, 'text/plain': text } = await display(tables[0]!);
    expect(html).toContain('<td>&lt;b&gt;&amp;</td><td align="right">1.5</td>');
    expect(html).not.toContain('<b>');
    expect(text).toBe(tables[0]!.toString());
    const column = await display(tables[0]!.column('value'));
    expect(column['text/html']).toContain('<th>value<br><i>f64</i></th>');
  });

  it('long tables are cut and say by how much', async () => {
    const series = new Series('f64');
    const columns = series.add(1).sinkToList();
    series.emit(new Float64Array(1000));
    expect((await display(columns[0]!))['text/html']).toContain('980 more rows');
  });

  it('batches and tables of frequencies show themselves too', async () => {
    const source = new Stream<string>();
    expect(inspect(source.partition(2).toBatch())).toBe('Batch of Stream <partition: 2>');
    expect((await display(source.partition(2).toBatch()))['image/svg+xml']).toContain('<svg');
    const tables = source.frequencies().sinkToList();
    source.emit('a');
    expect((await display(tables[0]!))['text/plain']).toContain("'a' => 1");
  });
});
