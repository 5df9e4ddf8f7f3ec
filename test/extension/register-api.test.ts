import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unregisterApi } from '../../src/extension/register-api.ts';
import {
  CustomNode,
  loadPlugins,
  MillraceError,
  Source,
  type SourceRun,
  Stream,
} from '../../src/index.ts';

class Twice extends CustomNode<number, number> {
  protected override update(x: number): void {
    this.push(x);
    this.push(x);
  }
}

type WithTwice = Stream<number> & { twice(): Stream<number> };

describe('Stream.registerApi()', () => {
  afterEach(() => {
    unregisterApi(Stream, 'twice');
    unregisterApi(Stream, 'fromThree', { static: true });
  });

  it('gives streams a method that adds the node', () => {
    Stream.registerApi('twice', Twice);
    const source = new Stream<number>();
    const seen = (source.map((x) => x + 1) as WithTwice).twice().sinkToList();
    source.emitMany([1, 2]);
    expect(seen).toEqual([2, 2, 3, 3]);
  });

  it('gives Stream a static method for a source', async () => {
    class Three extends Source<number> {
      protected override async run({ emit }: SourceRun<number>): Promise<void> {
        await emit(3);
      }
    }
    Stream.registerApi('fromThree', Three, { static: true });
    const source = (Stream as unknown as { fromThree(): Source<number> }).fromThree();
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual([3]);
  });

  it('names both sides of a clash', () => {
    Stream.registerApi('twice', Twice, { plugin: 'millrace-plugin-a' });
    const clash = () =>
      Stream.registerApi('twice', class Other {}, { plugin: 'millrace-plugin-b' });
    expect(clash).toThrow(MillraceError);
    expect(clash).toThrow(/twice for millrace-plugin-b: the name is taken by millrace-plugin-a/);
    expect(() => Stream.registerApi('map', Twice)).toThrow(/map for Twice: .* millrace itself/);
  });

  it.each([
    ['no name', Twice],
    ['', Twice],
    [undefined, Twice],
    ['arrow', () => undefined],
    ['none', null],
  ])('refuses %j', (name, nodeClass) => {
    expect(() => Stream.registerApi(name as never, nodeClass as never)).toThrow(TypeError);
  });
});

describe('CustomNode', () => {
  it('holds the emitter back for what update returns and what is downstream', async () => {
    const order: string[] = [];
    class Slow extends CustomNode<number, number> {
      protected override async update(x: number): Promise<void> {
        this.push(x);
        await new Promise(setImmediate);
        order.push(`updated ${x}`);
      }
    }
    const source = new Stream<number>();
    new Slow(source).sink(async (x) => {
      await new Promise(setImmediate);
      order.push(`sunk ${x}`);
    });
    await source.emit(1);
    order.push('accepted');
    expect(order.sort()).toEqual(['accepted', 'sunk 1', 'updated 1']);
    expect(order).toHaveLength(3);
  });

  it('carries metadata, and acknowledges once everything has settled', async () => {
    const source = new Stream<number>();
    new Twice(source).sink(() => new Promise<void>((resolve) => setImmediate(resolve)));
    let acknowledged = 0;
    await source.emit(1, { acknowledge: () => acknowledged++ });
    expect(acknowledged).toBe(1);
  });

  it('passes on what update throws, and works on', () => {
    class Picky extends CustomNode<number, number> {
      protected override update(x: number): void {
        if (x < 0) throw new RangeError('negative');
        this.push(x);
      }
    }
    const source = new Stream<number>();
    const seen = new Picky(source).sinkToList();
    expect(() => source.emit(-1)).toThrow('negative');
    source.emit(1);
    expect(seen).toEqual([1]);
  });

  it('takes several inputs, and may push outside of update', () => {
    class Later extends CustomNode<number, number> {
      last = 0;
      protected override update(x: number): void {
        this.last = x;
      }
      release(): void {
        this.push(this.last);
      }
    }
    const [a, b] = [new Stream<number>(), new Stream<number>()];
    const later = new Later([a, b]);
    const seen = later.sinkToList();
    a.emit(1);
    b.emit(2);
    later.release();
    expect(seen).toEqual([2]);
  });

  it('refuses to be fed by something else', () => {
    expect(() => new Twice(7 as never)).toThrow(/Cannot create Twice: a Stream/);
  });
});

describe('loadPlugins()', () => {
  let folder: string;

  async function install(name: string, manifest: object, files: Record<string, string>) {
    const root = join(folder, 'node_modules', name);
    await mkdir(root, { recursive: true });
    await writeFile(
      join(root, 'package.json'),
      JSON.stringify({ name, type: 'module', ...manifest }),
    );
    for (const [file, text] of Object.entries(files)) await writeFile(join(root, file), text);
  }

  async function depend(dependencies: object, optionalDependencies: object = {}) {
    const manifest = { dependencies, optionalDependencies };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-plugins-'));
    const register =
      'export const millracePlugin = { register(name) { globalThis.loaded.push(name); } };';
    const exports = { '.': { types: './x.d.ts', import: { default: './entry.js' } } };
    await install('millrace-plugin-a', { exports }, { 'entry.js': register });
    await install('@me/millrace-plugin-b', { main: 'main.js' }, { 'main.js': register });
    await install('millrace-plugin-bad', {}, { 'index.js': 'throw new Error("broken inside");' });
    await install('unrelated', {}, { 'index.js': 'throw new Error("never imported");' });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('imports what is named like a plugin, in order, and passes over missing optional ones', async () => {
    const loaded: string[] = [];
    Object.assign(globalThis, { loaded });
    const named = { unrelated: '1', 'millrace-plugin-a': '1', '@me/millrace-plugin-b': '1' };
    await depend(named, { 'millrace-plugin-missing': '1' });
    const names = ['millrace-plugin-a', '@me/millrace-plugin-b'];
    expect(await loadPlugins({ from: folder })).toEqual(names);
    expect(loaded).toEqual(names);
    expect(await loadPlugins({ from: join(folder, 'node_modules') })).toEqual([]);
  });

  it('names the plugin that is missing or broken', async () => {
    await depend({ 'millrace-plugin-missing': '1' });
    await expect(loadPlugins({ from: folder })).rejects.toMatchObject({
      code: 'ERR_PLUGIN',
      message: expect.stringContaining('npm install millrace-plugin-missing'),
    });
    await depend({ 'millrace-plugin-bad': '1' });
    await expect(loadPlugins({ from: folder })).rejects.toThrow(
      /millrace-plugin-bad: broken inside/,
    );
  });
});
