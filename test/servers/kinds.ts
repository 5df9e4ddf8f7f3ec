import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Place, ServerKind } from './test-server.ts';

export { kafka } from './kafka.ts';

/** What a server may say to be taken as ready, after `question` was sent to it. */
function answers({ port }: Place, question: string | Buffer, answer: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(question));
    const done = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(2000, () => done(false));
    socket.once('data', (data) => done(data.toString('latin1').startsWith(answer)));
    socket.once('error', () => done(false));
    socket.once('end', () => done(false));
  });
}

/** Redis, every write on disk before it is answered. The password is `secret-of-redis`. */
export const redis: ServerKind = {
  name: 'redis',
  package: 'redis-server',
  program: 'redis-server',
  command: ({ program, port, folder }) => [
    program,
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--requirepass', 'secret-of-redis'],
  ],
  isReady: (place) => answers(place, 'AUTH secret-of-redis\r\nPING\r\n', '+OK'),
  url: ({ port }) => `redis://:secret-of-redis@127.0.0.1:${port}`,
};

/** NATS with JetStream. User `millrace`, password `secret-of-nats`. */
export const nats: ServerKind = {
  name: 'nats',
  package: 'nats-server',
  program: 'nats-server',
  command: ({ program, port, folder }) => [
    program,
    ...['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', join(folder, 'data')],
    ...['--user', 'millrace', '--pass', 'secret-of-nats'],
  ],
  isReady: (place) => answers(place, '', 'INFO '),
  url: ({ port }) => `nats://millrace:secret-of-nats@127.0.0.1:${port}`,
};

/** Mosquitto, sessions and their messages on disk. User `millrace`, password `secret-of-mqtt`. */
export const mosquitto: ServerKind = {
  name: 'mosquitto',
  package: 'mosquitto',
  program: 'mosquitto',
  prepare({ folder, port }) {
    const passwords = join(folder, 'passwords');
    const made = spawnSync('mosquitto_passwd', [
      '-b',
      '-c',
      passwords,
      'millrace',
      'secret-of-mqtt',
    ]);
    if (made.status !== 0) throw new Error(`mosquitto_passwd failed: ${made.stderr}`);
    // It drops its rights where it is started as root, and must still read and write here.
    chmodSync(folder, 0o777);
    chmodSync(passwords, 0o644);
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous false',
      `password_file ${passwords}`,
      'persistence true',
      `persistence_location ${folder}/`,
      'autosave_interval 1',
      'autosave_on_changes true',
      'max_queued_messages 100000',
      // Who has acknowledged what, for the tests: the broker does not tell otherwise.
      `log_dest file ${join(folder, 'log')}`,
      'log_type all',
    ];
    writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  },
  command: ({ program, folder }) => [program, '-c', join(folder, 'mosquitto.conf')],
  url: ({ port }) => `mqtt://millrace:secret-of-mqtt@127.0.0.1:${port}`,
};

/**
 * RabbitMQ under a node name, a cookie and a port mapper of its own. User `millrace`, password
 * `secret-of-rabbitmq`. Ports: AMQP, the distribution of Erlang, its port mapper.
 */
export const rabbitmq: ServerKind = {
  name: 'rabbitmq',
  package: 'rabbitmq-server',
  program: 'rabbitmq-server',
  // Debian's wrapper on the PATH changes the user and writes to the system's folders.
  folders: ['/usr/lib/rabbitmq/bin'],
  ports: 3,
  prepare({ folder, port, ports }) {
    for (const name of ['data', 'log']) mkdirSync(join(folder, name));
    const lines = [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'default_user = millrace',
      'default_pass = secret-of-rabbitmq',
      'loopback_users = none',
      'log.console = true',
      'log.console.level = error',
      'log.file = false',
      'disk_free_limit.absolute = 1MB',
    ];
    writeFileSync(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
    writeFileSync(join(folder, 'enabled_plugins'), '[].\n');
    writeFileSync(join(folder, '.erlang.cookie'), `MILLRACE${ports[1]}`, { mode: 0o400 });
  },
  // The port mapper would go into the background and outlive the server: it is started beside it.
  command: ({ program }) => ['/bin/sh', '-c', 'epmd & exec "$0"', program],
  environment: ({ folder, ports }) => rabbitmqEnvironment(folder, ports),
  isReady: (place) => answers(place, Buffer.from('AMQP\0\0\x09\x01', 'latin1'), '\x01'),
  url: ({ port }) => `amqp://millrace:secret-of-rabbitmq@127.0.0.1:${port}`,
};

/** What `rabbitmqctl` needs to find the server. */
export function rabbitmqEnvironment(folder: string, ports: readonly number[]) {
  return {
    HOME: folder,
    RABBITMQ_NODENAME: `millrace-${ports[0]}@localhost`,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(ports[1]),
    ERL_EPMD_PORT: String(ports[2]),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none',
  };
}

/**
 * PostgreSQL with logical replication, under the user `postgres` where the tests run as root, as it
 * refuses that one. User `millrace`, password `secret-of-postgres`, database `postgres`.
 */
export const postgres: ServerKind = {
  name: 'postgres',
  package: 'postgresql',
  program: 'postgres',
  folders: postgresFolders(),
  prepare({ program, folder }) {
    if (isRoot()) run('chown', ['postgres:', folder]);
    writeFileSync(join(folder, 'password'), 'secret-of-postgres\n');
    const initdb = program.replace(/postgres$/, 'initdb');
    const [first, ...args] = asPostgres([
      initdb,
      ...['-D', join(folder, 'data'), '-U', 'millrace', '-A', 'scram-sha-256', '-E', 'UTF8'],
      ...['--pwfile', join(folder, 'password'), '--no-locale', '--no-sync'],
    ]);
    run(first!, args, folder);
  },
  command: ({ program, folder, port }) =>
    asPostgres([
      program,
      ...['-D', join(folder, 'data'), '-p', String(port), '-k', folder],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'wal_level=logical', '-c', 'fsync=off'],
      ...['-c', 'max_replication_slots=200', '-c', 'max_wal_senders=200'],
      ...['-c', 'log_min_messages=fatal', '-c', 'shared_buffers=16MB'],
    ]),
  isReady: (place) => answers(place, startupMessage('millrace', 'postgres'), 'R'),
  url: ({ port }) => `postgres://millrace:secret-of-postgres@127.0.0.1:${port}/postgres`,
};

/** Debian keeps the server's programs off the PATH, by version. */
function postgresFolders(): string[] {
  const home = '/usr/lib/postgresql';
  if (!existsSync(home)) return [];
  const versions = readdirSync(home).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(home, version, 'bin'));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function asPostgres(command: readonly string[]): readonly string[] {
  if (!isRoot()) return command;
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command];
}

function run(program: string, args: readonly string[], cwd?: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}

/** The first message of a client, version 3.0: the answer asks for a password. */
function startupMessage(user: string, database: string): Buffer {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0${database}\0\0`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
