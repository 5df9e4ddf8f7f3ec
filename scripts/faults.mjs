// npm run test:faults [-- kills]: kills the process that consumes from each broker, 50 times unless
// told otherwise, and looks whether a record was lost. npm test does it three times.
import { ensureAddon } from './lib/addon.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { main, runPackage } from './lib/process.mjs';
import { ensureServers } from './lib/servers.mjs';

await main(async () => {
  const [kills = '50'] = process.argv.slice(2);
  await ensurePackages();
  await ensureAddon();
  await ensureServers();
  await runPackage('vitest', ['run', 'test/faults'], { env: { MILLRACE_FAULTS: kills } });
});
