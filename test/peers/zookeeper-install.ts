import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, installed } from './cache.js';

const VERSION = '3.9.4';
/** ZooKeeper asks for these without saying so in its own pom. */
const DEPENDENCIES = [
  ['org.apache.zookeeper', 'zookeeper', VERSION],
  ['io.dropwizard.metrics', 'metrics-core', '4.1.12.1'],
  ['org.xerial.snappy', 'snappy-java', '1.1.10.5'],
] as const;

/** The class path of ZooKeeper: `SIGNALBOX_ZOOKEEPER` names a folder with its jars, else they come from Maven. */
export async function installZooKeeper(): Promise<string> {
  const given = process.env.SIGNALBOX_ZOOKEEPER;
  if (given !== undefined) return join(given, '*');
  const folder = await installed(`zookeeper-${VERSION}`, async (empty) => {
    writeFileSync(join(empty, 'pom.xml'), pom());
    await command(
      'mvn',
      [
        ...['-B', '-ntp', '-q', 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'],
        ...['-DincludeScope=runtime', `-DoutputDirectory=${join(empty, 'lib')}`],
      ],
      { cwd: empty },
    );
  });
  return join(folder, 'lib', '*');
}

function pom(): string {
  const dependencies = DEPENDENCIES.map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>signalbox</groupId><artifactId>zookeeper-peer</artifactId><version>1</version>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}
