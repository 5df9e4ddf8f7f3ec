// npm run demo [example] [-- arguments]: builds what is missing and runs an example, the flights
// unless another is named.
import { existsSync } from 'node:fs';
import { ensureAddon } from './lib/addon.mjs';
import { ensureDist } from './lib/dist.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { Failure, main, root, run } from './lib/process.mjs';

await main(async () => {
  const [first = 'flights', ...others] = process.argv.slice(2);
  const isExample = /^[a-z-]+$/.test(first);
  const example = `examples/${isExample ? first : 'flights'}.ts`;
  const args = isExample ? others : [first, ...others];
  if (!existsSync(`${root}/${example}`)) throw new Failure(`there is no ${example}`);
  await ensurePackages();
  await ensureAddon();
  await ensureDist();
  await run(process.execPath, ['--import', 'tsx', example, ...args]);
});
