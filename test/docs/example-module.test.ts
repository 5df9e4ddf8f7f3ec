import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { exampleModule, expectedLog, expectValue, recordLog } from './example-module.ts';

const block = (code: string, output?: string) => ({
  file: 'src/a.ts',
  line: 3,
  info: ['ts'],
  code,
  ...(output !== undefined && { output }),
});

describe('exampleModule()', () => {
  it('keeps line numbers and imports from the sources', () => {
    const code = "import { x } from 'millrace'\nx()";
    const lines = exampleModule(block(code), '/src/index.ts', '/h.ts').split('\n');
    assert.equal(lines[2], "import { x } from '/src/index.ts'");
    assert.equal(lines[3], 'x()');
  });

  it('turns a comment that states a value into a check of the value', () => {
    const module = exampleModule(block('add(1, 2); // => 3'), '/src/index.ts', '/h.ts');
    assert.match(module, /__expectValue\(add\(1, 2\), "3"\);/);
  });

  it('refuses a stated value without an expression', () => {
    assert.throws(() => exampleModule(block('// => 3'), '/e', '/h'), /without an expression/);
  });
});

describe('expectValue()', () => {
  it('compares with the value as it is shown', () => {
    expectValue([1, 'a'], "[ 1, 'a' ]");
    expectValue('a', 'a');
    expectValue('a', "'a'");
    assert.throws(() => expectValue(3, '4'), assert.AssertionError);
  });
});

describe('expectedLog()', () => {
  it('is the comments of an example that logs, or the block after it', () => {
    assert.deepEqual(expectedLog(block('console.log(1) // => 1\nf() // => 2')), ['1', '2']);
    assert.deepEqual(expectedLog(block('console.log(1)', '1\n2')), ['1', '2']);
    assert.equal(expectedLog(block('console.log(1)')), undefined);
    assert.equal(expectedLog(block('f() // => 1')), undefined);
  });
});

describe('recordLog()', () => {
  it('returns what was logged and puts console.log back, even after an error', async () => {
    const original = console.log;
    assert.deepEqual(await recordLog(async () => console.log('a %d\nb', 1)), ['a 1', 'b']);
    await assert.rejects(recordLog(async () => Promise.reject(new Error('no'))));
    assert.equal(console.log, original);
  });
});
