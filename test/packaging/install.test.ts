import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { currentHost, platformName } from '../../src/native/platform.ts';
import { codeBlocks } from '../docs/code-blocks.ts';
import { Sandbox, succeeded, type Tarballs } from './sandbox.ts';

// What a user gets: the packed packages, installed into an empty project with no Rust on the PATH.

const platform = platformName(currentHost());
const root = fileURLToPath(new URL('../..', import.meta.url));

const columns = `
  import { Series } from 'millrace';
  const prices = new Series('f64');
  prices.mean().sink((mean) => console.log(mean));
  prices.emit(Float64Array.of(1, 2, 6));
`;

// Each connector, and the package that it needs first.
const connectors = `
  import * as millrace from 'millrace';
  const url = (scheme) => ({ url: scheme + '://127.0.0.1:1' });
  const sources = [
    ['ws', millrace.fromWebSocket('ws://127.0.0.1:1')],
    ['ws', millrace.fromWebSocket({ port: 0 })],
    ['mqtt', millrace.fromMqtt('t', url('mqtt'))],
    ['amqplib', millrace.fromRabbitMQ('q', url('amqp'))],
    ['@nats-io/transport-node', millrace.fromNats('s', { ...url('nats'), consumer: 'c' })],
    ['redis', millrace.fromRedisStream('s', { ...url('redis'), group: 'g' })],
    ['pg', millrace.fromPostgres({ query: 'SELECT 1' }, url('postgres'))],
    ['pg-logical-replication', millrace.fromPostgres({ publication: 'p', slot: 's' }, url('postgres'))],
  ];
  const sinks = [
    ['ws', millrace.toWebSocket('ws://127.0.0.1:1')],
    ['mqtt', millrace.toMqtt('t', url('mqtt'))],
    ['amqplib', millrace.toRabbitMQ('q', url('amqp'))],
    ['@nats-io/transport-node', millrace.toNats('s', url('nats'))],
    ['redis', millrace.toRedisStream('s', url('redis'))],
    ['pg', millrace.toPostgres('t', url('postgres'))],
  ];
  const check = (name, { code, message }) => {
    const isRight = code === 'ERR_MISSING_PEER' && message.endsWith('run npm install ' + name);
    console.log(isRight ? name : [name, code, message]);
  };
  for (const [name, source] of sources) await source.start().catch((error) => check(name, error));
  for (const [name, sink] of sinks) {
    const stream = new millrace.Stream({ onError: (error) => check(name, error) });
    stream.to(sink);
    stream.emit({ a: 1 });
    await stream.end();
  }
`;

let sandbox: Sandbox;
let tarballs: Tarballs;

beforeAll(() => {
  sandbox = new Sandbox();
  tarballs = sandbox.pack();
});

afterAll(() => sandbox.remove());

describe('both packages installed', () => {
  let folder: string;

  beforeAll(() => {
    folder = sandbox.install('both', [tarballs.main, tarballs.platforms[platform]!]);
  });

  it('holds what is published and nothing else', () => {
    const installed = join(folder, 'node_modules/millrace');
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.deepEqual(manifest.optionalDependencies, { [`@millrace/${platform}`]: version });
    for (const field of ['scripts', 'devDependencies']) assert.ok(!(field in manifest), field);
    assert.deepEqual(
      readdirSync(installed)
        .filter((name) => name !== 'node_modules')
        .sort(),
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'],
    );
    const addon = join(folder, `node_modules/@millrace/${platform}`);
    assert.deepEqual(readdirSync(addon).sort(), [`millrace.${platform}.node`, 'package.json']);
  });

  it("runs the README's first example and prints what the README says", () => {
    const [block] = codeBlocks('README.md', readFileSync(join(root, 'README.md'), 'utf8'));
    assert.ok(block?.output, 'wanted a first example in README.md and a text block after it');
    const { stdout } = succeeded(sandbox.runModule(folder, block.code, block.info[0]));
    const lines = stdout.split('\n').map((line) => line.trimEnd());
    assert.equal(lines.join('\n').trim(), block.output.trim());
  });

  it('runs columns', () => {
    assert.equal(succeeded(sandbox.runModule(folder, columns)).stdout, '3\n');
  });

  it('brings no client, and says of each connector which package to install', () => {
    const wanted = ['ws', 'mqtt', 'amqplib', '@nats-io/transport-node', 'redis', 'pg'];
    const sources = [wanted[0], ...wanted, 'pg-logical-replication'];
    const { stdout } = succeeded(sandbox.runModule(folder, connectors));
    assert.equal(stdout, `${[...sources, ...wanted].join('\n')}\n`);
  });

  it('has types that a strict project accepts', () => {
    const code = `
      import { MillraceError, Series, Stream } from 'millrace';
      const lengths: Stream<number> = new Stream<string>().map((text) => text.length);
      const prices = new Series('f64');
      export const error: Error = new MillraceError('ERR', String([lengths, prices]));
    `;
    assert.equal(succeeded(sandbox.typeCheck(folder, code)).stdout, '');
  });
});

describe('the package for GPUs installed too', () => {
  const gpu = `
    import { gpuStatus, kernels } from 'millrace';
    const status = gpuStatus();
    console.log(status.available ? 'there is one' : status.reason);
    console.log(kernels({ device: 'cpu' }).cumsum().run(Float32Array.of(1, 2))[1]);
  `;

  it('is loaded, and says what it found', () => {
    const packages = [
      tarballs.main,
      tarballs.platforms[platform]!,
      tarballs.platforms[`gpu-${platform}`]!,
    ];
    const folder = sandbox.install('gpu', packages);
    const { stdout } = succeeded(sandbox.runModule(folder, gpu));
    assert.doesNotMatch(stdout, /not installed|cannot be loaded/);
    assert.match(stdout, /^(there is one|There is no GPU here, because .*)\n3\n$/);
  });

  it('is named where it is not', () => {
    const folder = sandbox.install('no-gpu', [tarballs.main, tarballs.platforms[platform]!]);
    const { stdout } = succeeded(sandbox.runModule(folder, gpu));
    assert.equal(
      stdout,
      `There is no GPU here, because the package @millrace/gpu-${platform} is not installed: npm install @millrace/gpu-${platform}\n3\n`,
    );
  });
});

describe('the main package alone installed', () => {
  let folder: string;

  beforeAll(() => {
    folder = sandbox.install('alone', [tarballs.main], '--omit=optional');
  });

  it('runs streams', () => {
    const code = `
      import { Stream } from 'millrace';
      const source = new Stream();
      const doubled = source.map((x) => 2 * x).sinkToList();
      for (const x of [1, 2, 3]) source.emit(x);
      console.log(doubled);
    `;
    assert.equal(succeeded(sandbox.runModule(folder, code)).stdout, '[ 2, 4, 6 ]\n');
  });

  it('says of columns which binary is wanted and how to get it', () => {
    const { stderr, status } = sandbox.runModule(folder, columns);
    assert.equal(status, 1);
    assert.match(stderr, /MillraceError: Cannot load the native addon that columns need/);
    assert.match(stderr, /code: 'ERR_NO_BINARY'/);
    assert.ok(stderr.includes(`npm install @millrace/${platform}`), stderr);
  });
});
