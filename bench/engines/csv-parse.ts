import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { packageVersion } from '../package-version.ts';
import type { Engine } from '../work.ts';

export const engine: Engine = {
  name: 'csv-parse',
  version: packageVersion('csv-parse'),
  works: {
    recordSums: ({ path }) => ({
      stream: async () => {
        const totals = new Map<string, number>();
        const rows = createReadStream(path).pipe(parse({ from_line: 2 }));
        for await (const row of rows) {
          const [, key, value] = row as string[];
          totals.set(key!, (totals.get(key!) ?? 0) + Number(value));
        }
        return totals;
      },
      'stream of objects': async () => {
        const totals = new Map<string, number>();
        const rows = createReadStream(path).pipe(parse({ columns: true }));
        for await (const row of rows) {
          const { key, value } = row as { key: string; value: string };
          totals.set(key, (totals.get(key) ?? 0) + Number(value));
        }
        return totals;
      },
    }),
  },
};
