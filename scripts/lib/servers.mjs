import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { ensureKafkaJars } from './kafka-jars.mjs';
import { Failure, isOnPath, run, say } from './process.mjs';

// A program of each package, by which it is known to be there. Those of the system's folders are not
// on the PATH of every user.
const PACKAGES = {
  'redis-server': ['redis-server', 'redis-cli'],
  'nats-server': ['nats-server'],
  mosquitto: ['mosquitto'],
  'mosquitto-clients': ['mosquitto_pub'],
  'rabbitmq-server': ['rabbitmq-server'],
  postgresql: ['psql'],
  'openjdk-17-jre-headless': ['java'],
  maven: ['mvn'],
};

const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };

// What Debian's packages ask before they start a service: 101 says that it is not allowed.
const POLICY = '/usr/sbin/policy-rc.d';

/** The Debian packages of the servers that the connectors are tested against and that lack here. */
export function missingServers() {
  const isThere = (program) =>
    isOnPath(program) ||
    ['/usr/sbin', '/usr/bin'].some((folder) => existsSync(`${folder}/${program}`));
  return Object.entries(PACKAGES)
    .filter(([, programs]) => !programs.every(isThere))
    .map(([name]) => name);
}

/**
 * Installs the servers that the connectors are tested against, with apt, in continuous integration or
 * where asked. Elsewhere the tests that need one say that they are skipped. None is started: each test
 * starts its own.
 */
export async function ensureServers({ asked = false } = {}) {
  await install(missingServers(), 'connectors are tested', asked);
  await ensureKafkaJars();
}

// A GPU in software, and what finds it.
const DRIVER = { 'mesa-vulkan-drivers': 'lvp_icd', libvulkan1: 'libvulkan.so.1' };
const DRIVER_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/lib', '/usr/lib64'];

/** The Debian packages of a GPU in software that lack here. */
export function missingDriver() {
  const folders = [...DRIVER_FOLDERS, `/usr/lib/${ARCHITECTURES[process.arch]}-linux-gnu`];
  const isThere = (start) =>
    folders.some(
      (folder) => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(start)),
    );
  return Object.entries(DRIVER)
    .filter(([, file]) => !isThere(file))
    .map(([name]) => name);
}

/**
 * Installs a GPU in software with apt, under the same conditions. Without one the kernels for GPUs are
 * not tested, only what happens where there is none.
 */
export function ensureDriver({ asked = false } = {}) {
  if (process.platform !== 'linux') return undefined;
  return install(missingDriver(), 'kernels for GPUs are tested', asked);
}

async function install(missing, what, asked) {
  if (missing.length === 0) return;
  const list = missing.join(', ');
  if (!asked && !process.env.CI) {
    return say(`${what} without ${list}: npm test -- --servers installs them with apt`);
  }
  if (!isOnPath('apt-get')) {
    const cannot = `cannot install ${list}: there is no apt-get on the PATH`;
    if (asked) throw new Failure(cannot);
    return say(cannot);
  }
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !isOnPath('sudo')) {
    throw new Failure(`cannot install ${list}: apt-get needs root, and there is no sudo`);
  }
  say(`installing ${list} with apt`);
  const apt = (...args) => {
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-qq', ...args];
    return isRoot ? run(command[0], command.slice(1)) : run('sudo', ['-n', ...command]);
  };
  // Without root the services are started, and are in nobody's way: the tests take free ports.
  const forbids = isRoot && !existsSync(POLICY);
  if (forbids) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await apt('update');
    await apt('install', '--no-install-recommends', ...missing);
  } catch (error) {
    throw new Failure(
      `installing ${list} failed: ${error.message}; install them by hand, or run the steps without it: npm test -- --list`,
    );
  } finally {
    if (forbids) rmSync(POLICY);
  }
}
