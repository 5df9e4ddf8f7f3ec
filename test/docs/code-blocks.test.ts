import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { codeBlocks } from './code-blocks.ts';

const fence = '```';

describe('codeBlocks()', () => {
  it('finds the blocks of a Markdown file with their lines and what they print', () => {
    const text = [
      '# Title',
      `${fence}sh`,
      'npm install',
      fence,
      `${fence}ts no-run`,
      'first();',
      fence,
      `${fence}js`,
      'second();',
      'third();',
      fence,
      '',
      `${fence}text`,
      '1',
      '2',
      fence,
    ].join('\n');
    assert.deepEqual(codeBlocks('README.md', text), [
      { file: 'README.md', line: 6, info: ['ts', 'no-run'], code: 'first();' },
      { file: 'README.md', line: 9, info: ['js'], code: 'second();\nthird();', output: '1\n2' },
    ]);
  });

  it('finds only what stands in doc comments of a source file', () => {
    const text = [
      'const text = `',
      `${fence}ts`,
      `${fence}\`;`,
      '  /**',
      '   * Doubles.',
      `   * ${fence}ts`,
      '   * if (true) {',
      '   *   double(2);',
      '   * }',
      `   * ${fence}`,
      '   */',
      '/** One line. */',
    ].join('\n');
    assert.deepEqual(codeBlocks('src/a.ts', text), [
      { file: 'src/a.ts', line: 7, info: ['ts'], code: 'if (true) {\n  double(2);\n}' },
    ]);
  });

  it('refuses a block that is never closed', () => {
    assert.throws(() => codeBlocks('README.md', `a\n${fence}ts\nb`), /README.md:2: .*never closed/);
  });
});
