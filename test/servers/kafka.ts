import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place, ServerKind } from './test-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where `npm test` puts the jars of the version that test/kafka/pom.xml names. */
function jarFolder(): string {
  const pom = readFileSync(join(root, 'test/kafka/pom.xml'), 'utf8');
  const version = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>(.+?)<\/version>/.exec(
    pom,
  )?.[1];
  return join(root, '.cache', `kafka-${version}`);
}

function java(main: string, memory: string): string[] {
  const flags = [`-Xmx${memory}`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
  return [...flags, '-cp', join(jarFolder(), '*'), main];
}

/**
 * One broker that is its own controller (KRaft). User `millrace`, password `secret-of-kafka`. Ports: for
 * clients, for the controller, for brokers among themselves.
 */
export const kafka: ServerKind = {
  name: 'kafka',
  package: 'openjdk-17-jre-headless',
  program: 'java',
  ports: 3,
  lacks: () =>
    existsSync(jarFolder())
      ? undefined
      : 'its jars were not fetched; run npm test -- --only servers, which needs Java 17 and Maven',
  prepare(place) {
    const { program, folder } = place;
    const properties = join(folder, 'server.properties');
    writeFileSync(properties, `${propertiesOf(place).join('\n')}\n`);
    const format = java('kafka.tools.StorageTool', '256m');
    const made = spawnSync(program, [...format, 'format', '-t', CLUSTER, '-c', properties]);
    if (made.status !== 0) throw new Error(`kafka.tools.StorageTool failed: ${made.stderr}`);
  },
  command: ({ program, folder }) => [
    program,
    ...java('kafka.Kafka', '512m'),
    join(folder, 'server.properties'),
  ],
  isReady: answersVersions,
  url: ({ port }) => `kafka://millrace:secret-of-kafka@127.0.0.1:${port}`,
};

const CLUSTER = 'MillraceMillraceMillra';

function propertiesOf({ folder, ports }: Place): string[] {
  const [clients, controller, brokers] = ports;
  const listeners = `SASL_PLAINTEXT://127.0.0.1:${clients},BROKERS://127.0.0.1:${brokers}`;
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=${listeners},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${listeners}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=BROKERS',
    'listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms=PLAIN',
    `listener.name.sasl_plaintext.plain.sasl.jaas.config=${login} user_millrace="secret-of-kafka";`,
    `log.dirs=${join(folder, 'data')}`,
    'num.partitions=4',
    'offsets.topic.num.partitions=4',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=500',
    'group.consumer.heartbeat.interval.ms=500',
    'group.consumer.min.heartbeat.interval.ms=500',
    'group.consumer.session.timeout.ms=6000',
    'group.consumer.min.session.timeout.ms=3000',
    'auto.create.topics.enable=false',
    // Tests write messages of other years.
    'log.retention.ms=-1',
    'log.cleaner.dedupe.buffer.size=8388608',
  ];
}

/** Whether it answers what versions of the protocol it speaks, as it does before a client logs in. */
function answersVersions({ port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const question = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255]);
    const socket = connect(port, '127.0.0.1', () => socket.write(question));
    const done = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(2000, () => done(false));
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
    socket.once('end', () => done(false));
  });
}
