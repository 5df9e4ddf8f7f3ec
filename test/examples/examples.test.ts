import { expect, test } from 'vitest';
import { runExample } from './run-example.ts';

/** What each example prints, line for line. */
const outputs = {
  ticks: `
ACME, new high: 10
ACME, new high: 12
ACME, mean of 3: 11.00
ticks so far: { ACME: 3, EMCA: 1 }
ACME, mean of 3: 12.00
ACME, new high: 13
`,
  columns: `
rolling mean of 2: [ null, 15, 16 ]
symbol  value
utf8      f64
ACME     4600
EMCA      100
large trades: [ { symbol: 'ACME', price: 12, shares: 300 } ]
rolling mean of 2: [ 16.5, 16 ]
symbol  value
utf8      f64
ACME     4820
EMCA      310
`,
  'both-planes': `
warm: [ { sensor: 'a', degrees: 22.5 } ]
warm: [ { sensor: 'a', degrees: 25 } ]
`,
};

for (const [name, output] of Object.entries(outputs)) {
  test(`${name} prints what it should`, async () => {
    expect(await runExample(name)).toBe(output.trimStart());
  });
}
