// npm run build: the TypeScript, the native addon and its declarations; with --gpu the addon for GPUs
// too.
import { ensureAddon, ensureGpuAddon, updateTypes } from './lib/addon.mjs';
import { ensureDist } from './lib/dist.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { main, say } from './lib/process.mjs';

await main(async () => {
  await ensurePackages();
  const platform = await ensureAddon();
  const built = ['dist/', `npm/${platform.id}/`];
  if (process.argv.includes('--gpu')) built.push(`npm/${(await ensureGpuAddon()).id}/`);
  updateTypes();
  await ensureDist();
  say(`built ${built.join(', ')}`);
});
