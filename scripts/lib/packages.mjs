import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, root, runNpm, say } from './process.mjs';

const OWN_FIELDS = ['version', 'link'];

function packagesIn(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

// npm keeps a copy of the lock inside node_modules, of what is really there: comparing the two is
// exact, where comparing times would reinstall after each checkout. Optional packages may lack:
// most of them are for other platforms.
function isInstalled(folder) {
  const wanted = packagesIn(join(folder, 'package-lock.json'));
  const present = packagesIn(join(folder, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || !path.includes('node_modules/')) return true;
    const found = present[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return OWN_FIELDS.every((field) => found[field] === entry[field]);
  });
}

/** Installs the packages of a folder from its lock file unless they are there already. */
export async function ensurePackages(folder = '.') {
  const full = join(root, folder);
  if (!existsSync(join(full, 'package-lock.json'))) {
    throw new Failure(`cannot install packages: ${folder}/package-lock.json is missing`);
  }
  if (existsSync(join(full, 'node_modules')) && isInstalled(full)) return;
  say(`installing packages${folder === '.' ? '' : ` of ${folder}/`} from the lock file`);
  // `npm ci` refuses a lock that lacks an optional package of some other platform, as a lock made
  // where that package could not be had does; without saving, `install` keeps to the lock as well.
  const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  await runNpm(['install', ...flags], { cwd: full });
}
