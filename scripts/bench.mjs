// npm run bench [-- --test] [suite ...]: builds what is missing and runs bench/run.ts.
import { ensureAddon } from './lib/addon.mjs';
import { ensureDist } from './lib/dist.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { main, run } from './lib/process.mjs';

await main(async () => {
  await ensurePackages();
  await ensurePackages('bench');
  await ensureAddon();
  await ensureDist();
  await run(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...process.argv.slice(2)]);
});
