// node scripts/pack.mjs [--out folder] [--all]: writes the tarballs to publish, of the main
// package and of this machine's platform packages, or with --all of those of each platform. Those for
// GPUs are nobody's dependency: whoever wants one installs it.
//
// optionalDependencies are written here and not in package.json: the lock file of a clone then
// needs nothing that is not published yet.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hostPlatform, platforms } from './lib/platforms.mjs';
import { Failure, main, root, runNpm } from './lib/process.mjs';

const UNPUBLISHED_FIELDS = ['scripts', 'devDependencies', 'napi', 'private'];

function mainManifest(manifest, packed) {
  const published = Object.fromEntries(
    Object.entries(manifest).filter(([field]) => !UNPUBLISHED_FIELDS.includes(field)),
  );
  const optionalDependencies = Object.fromEntries(
    packed.map(({ manifest: { name } }) => [name, manifest.version]),
  );
  return { ...published, optionalDependencies };
}

async function packFolder(source, manifest, out) {
  const staging = mkdtempSync(join(tmpdir(), 'millrace-pack-'));
  try {
    for (const path of manifest.files) {
      if (!existsSync(join(source, path))) {
        throw new Failure(`cannot pack ${manifest.name}: ${join(source, path)} is missing`);
      }
      cpSync(join(source, path), join(staging, path), { recursive: true });
    }
    writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', out];
    const output = await runNpm([...args, '--loglevel=error'], { cwd: staging, quiet: true });
    const described = JSON.parse(output.slice(output.search(/^[[{]/m)));
    const [{ filename }] = Object.values(described);
    return join(out, filename);
  } finally {
    rmSync(staging, { recursive: true });
  }
}

// A checkout that was built without it can be packed all the same.
const isBuilt = ({ binary }) => existsSync(binary);

await main(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string' }, all: { type: 'boolean' } } });
  const out = resolve(values.out ?? join(root, '.cache/packages'));
  mkdirSync(out, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packed = values.all ? platforms() : [hostPlatform()];
  const gpu = { gpu: true };
  const packedGpu = values.all ? platforms(gpu) : [hostPlatform(gpu)].filter(isBuilt);
  const tarballs = {
    main: await packFolder(root, mainManifest(manifest, packed), out),
    platforms: {},
  };
  for (const { id, folder, manifest: own } of [...packed, ...packedGpu]) {
    const versioned = { ...own, version: manifest.version };
    tarballs.platforms[id] = await packFolder(folder, versioned, out);
  }
  console.log(JSON.stringify(tarballs));
});
