import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import * as kinds from '../servers/kinds.ts';
import type { ServerKind } from '../servers/test-server.ts';
import { withServer } from '../servers/with-server.ts';
import { type CodeBlock, codeBlocks } from './code-blocks.ts';
import { exampleModule, expectedLog, recordLog } from './example-module.ts';

// Every example of a doc comment in src/ and every TypeScript or JavaScript block of README.md and
// of the guide's pages runs here as a module of its own, in one process. A block whose fence says
// `no-run` is left alone; one that says `needs-redis` runs where that server can be started, with its
// address in REDIS_URL.

const root = fileURLToPath(new URL('../..', import.meta.url));
// Of this process alone: two runs in one checkout leave each other's modules in peace.
const folder = join(root, '.cache/docs', String(process.pid));
const entry = join(root, 'src/index.ts');
const helper = fileURLToPath(new URL('example-module.ts', import.meta.url));

interface Example {
  readonly block: CodeBlock;
  readonly module: string;
}

function sourceFiles(): string[] {
  const sources = filesUnder('src', '.ts').filter((file) => !file.endsWith('.d.ts'));
  const readme = existsSync(join(root, 'README.md')) ? ['README.md'] : [];
  return [...readme, ...filesUnder('docs/guide', '.md'), ...sources];
}

function filesUnder(directory: string, ending: string): string[] {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .map((file) => `${directory}/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith(ending))
    .sort();
}

function writeExample(block: CodeBlock): Example {
  const extension = block.info[0]!.startsWith('ts') || block.info[0] === 'typescript' ? 'ts' : 'js';
  const module = join(folder, `${block.file}.${block.line}.${extension}`);
  mkdirSync(dirname(module), { recursive: true });
  writeFileSync(module, exampleModule(block, entry, helper));
  return { block, module };
}

function typeErrors(): string[] {
  const config = { extends: '../../../tsconfig.json', include: ['**/*.ts'] };
  const compilerOptions = {
    rootDir: root,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, compilerOptions }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  // `src/errors.ts.9.ts(12,3): error TS…` is line 12 of src/errors.ts: modules keep their lines.
  return stdout
    .split('\n')
    .filter((line) => !line.startsWith('..') && !line.startsWith(' ') && line !== '')
    .map((line) => line.replace(/^(.+)\.\d+\.ts\((\d+),\d+\)/, '$1:$2'));
}

const examples = sourceFiles()
  .flatMap((file) => codeBlocks(file, readFileSync(join(root, file), 'utf8')))
  .filter(({ info }) => !info.includes('no-run'))
  .map(writeExample);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The server that a block says it needs. */
function serverOf({ block }: Example): ServerKind | undefined {
  const need = block.info.find((word) => word.startsWith('needs-'));
  if (need === undefined) return undefined;
  const kind = Object.values(kinds).find((one) => 'name' in one && `needs-${one.name}` === need);
  assert.ok(kind !== undefined && 'command' in kind, `${block.file}: there is no server ${need}`);
  return kind;
}

function runs({ block, module }: Example): void {
  it(`${block.file}:${block.line} runs and does what it says`, async () => {
    const log = await recordLog(() => import(/* @vite-ignore */ pathToFileURL(module).href));
    const expected = expectedLog(block);
    if (expected !== undefined) assert.deepEqual(log, expected);
  });
}

describe('examples', () => {
  for (const example of examples) if (serverOf(example) === undefined) runs(example);

  for (const kind of new Set(examples.flatMap((example) => serverOf(example) ?? []))) {
    withServer(kind, `that need ${kind.name}`, (server) => {
      beforeAll(() => {
        process.env[`${kind.name.toUpperCase()}_URL`] = server().url;
      });
      for (const example of examples) if (serverOf(example) === kind) runs(example);
    });
  }

  it('type-check', () => {
    assert.ok(examples.length > 0, `no example was found under ${basename(root)}`);
    assert.equal(typeErrors().join('\n'), '');
  });
});
