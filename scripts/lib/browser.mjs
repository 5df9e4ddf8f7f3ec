import { isOnPath, run, say } from './process.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const CANNOT = 'the drawings are not tested in a browser';

/**
 * Installs a browser where continuous integration runs as root on Debian or a relative of it.
 * Elsewhere nothing is installed unasked: the tests that need a browser say that they are skipped.
 */
export async function ensureBrowser() {
  if (process.env.CHROMIUM !== undefined || NAMES.some(isOnPath)) return;
  if (!process.env.CI) return say(`no Chromium on the PATH and none in CHROMIUM: ${CANNOT}`);
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    return say(`Chromium cannot be installed without root and apt-get: ${CANNOT}`);
  }
  say('installing Chromium, to look at drawings');
  try {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  } catch (error) {
    say(`installing Chromium failed (${error.message}): ${CANNOT}`);
  }
}
