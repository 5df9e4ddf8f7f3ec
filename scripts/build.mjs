// npm run build: the TypeScript, the native addon and the declarations of the addon.
import { ensureAddon, updateTypes } from './lib/addon.mjs';
import { ensureDist } from './lib/dist.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { main, say } from './lib/process.mjs';

await main(async () => {
  await ensurePackages();
  const platform = await ensureAddon();
  updateTypes();
  await ensureDist();
  say(`built dist/ and npm/${platform.id}/`);
});
