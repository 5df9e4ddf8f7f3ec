import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, isOnPath, root, run, say } from './process.mjs';

const POM = 'test/kafka/pom.xml';

function jarFolder() {
  const pom = readFileSync(join(root, POM), 'utf8');
  const [, version] =
    /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>(.+?)<\/version>/.exec(pom) ?? [];
  return join(root, '.cache', `kafka-${version}`);
}

/** Fetches the jars of the broker that connectors are tested against (43 MB), where Java and Maven are. */
export async function ensureKafkaJars() {
  const folder = jarFolder();
  if (existsSync(folder)) return;
  const lacks = ['java', 'mvn'].filter((program) => !isOnPath(program));
  if (lacks.length > 0) {
    return say(`connectors are tested without Kafka: ${lacks.join(' and ')} is not on the PATH`);
  }
  say('fetching the jars of the Kafka broker with Maven');
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
  try {
    await run('mvn', ['-q', '-B', '-f', POM, ...copy, `-DoutputDirectory=${partial}`]);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw new Failure(`fetching Kafka's jars failed: ${error.message}`);
  }
}
