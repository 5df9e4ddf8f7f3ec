import { range, type Suite } from '../suite.ts';

export const tcpLines: Suite<'tcpLines'> = {
  name: 'tcp-lines',
  title: '`fromTcp`, 1e6 lines over a socket',
  work: 'tcpLines',
  task: (size) => {
    const lines = range(size === 'full' ? 1e6 : 1000).map((i) => `line ${i} of the input`);
    return { text: `${lines.join('\n')}\n`, lines: lines.length };
  },
  expected: ({ text, lines }) => ({ count: lines, last: text.replaceAll('\n', '').length }),
  elements: ({ lines }) => lines,
  engines: ['millrace', 'node-streams'],
  targets: [{ rival: 'Node streams', times: 1.5 }],
};
