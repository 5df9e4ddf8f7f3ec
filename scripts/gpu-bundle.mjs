// node scripts/gpu-bundle.mjs [--out .cache/gpu-bundle.tar.xz]: one archive with all that bench/gpu.mjs
// needs on a machine that has a GPU with its driver and nothing else: Node itself, the addons, dist/, the
// Vulkan loader of this machine. There:
//
//   mkdir gpu && tar -xJf gpu-bundle.tar.xz -C gpu && gpu/run --record gpu.json
//
// Build first: npm run build -- --gpu, with the same glibc or an older one.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hostPlatform } from './lib/platforms.mjs';
import { Failure, main, root, run, say } from './lib/process.mjs';

const LOADERS = [
  '/usr/lib/x86_64-linux-gnu/libvulkan.so.1',
  '/usr/lib/aarch64-linux-gnu/libvulkan.so.1',
];

// A driver that is mounted from elsewhere may lack the file by which the loader finds it.
const START = `#!/bin/sh
set -eu
cd "$(dirname "$0")"
export LD_LIBRARY_PATH="$PWD/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
known="\${VK_ICD_FILENAMES:-}"
for file in /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json; do
  if [ -e "$file" ]; then known="$file"; fi
done
if [ -z "$known" ]; then
  export VK_ICD_FILENAMES="$PWD/nvidia-glx.json:$PWD/nvidia-egl.json"
fi
exec ./node bench/gpu.mjs "$@"
`;

// One and the same driver, in the library for displays or in that for machines without one.
const NVIDIA = {
  'nvidia-glx.json': 'libGLX_nvidia.so.0',
  'nvidia-egl.json': 'libEGL_nvidia.so.0',
};

await main(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const out = resolve(values.out ?? join(root, '.cache/gpu-bundle.tar.xz'));
  const staging = mkdtempSync(join(tmpdir(), 'millrace-gpu-'));
  try {
    const platforms = [hostPlatform(), hostPlatform({ gpu: true })];
    const files = [
      'dist',
      'bench/gpu.mjs',
      ...platforms.map(({ binary }) => relative(root, binary)),
    ];
    for (const file of files) {
      if (!existsSync(join(root, file))) {
        throw new Failure(`${file} is missing: npm run build -- --gpu makes it`);
      }
      mkdirSync(dirname(join(staging, file)), { recursive: true });
      cpSync(join(root, file), join(staging, file), { recursive: true });
    }
    cpSync(process.execPath, join(staging, 'node'));
    mkdirSync(join(staging, 'lib'));
    const loader = LOADERS.find((path) => existsSync(path));
    if (loader === undefined) say('without the Vulkan loader: libvulkan1 is not installed here');
    else cpSync(loader, join(staging, 'lib/libvulkan.so.1'), { dereference: true });
    writeFileSync(join(staging, 'package.json'), '{ "type": "module" }\n');
    for (const [file, library] of Object.entries(NVIDIA)) {
      const ICD = { library_path: library, api_version: '1.3.0' };
      writeFileSync(join(staging, file), JSON.stringify({ file_format_version: '1.0.0', ICD }));
    }
    writeFileSync(join(staging, 'run'), START);
    chmodSync(join(staging, 'run'), 0o755);
    mkdirSync(dirname(out), { recursive: true });
    // Most of it is machine code, which a higher level hardly makes smaller and takes minutes for.
    const env = { XZ_OPT: process.env.XZ_OPT ?? '-1 -T0' };
    await run('tar', ['-cJf', out, '-C', staging, '.'], { env });
    say(`wrote ${out}`);
  } finally {
    rmSync(staging, { recursive: true });
  }
});
