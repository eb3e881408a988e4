import { cpSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { command, installed } from './cache.js';
import { PeerProcess } from './process.js';

const MAVEN_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';
/** The versions of `registrants/pom.xml`. */
const NAME = 'registrants-spring-2025.0.0-dubbo-3.3.6';

/**
 * A folder with Spring Cloud Consul, Spring Cloud ZooKeeper, Spring Cloud Alibaba Nacos, Curator and Dubbo in `lib`, and
 * our program around them in `classes`; out of Maven Central.
 */
export async function installRegistrants(): Promise<string> {
  return await installed(NAME, async (empty) => {
    cpSync(resolve(import.meta.dirname, 'registrants'), empty, { recursive: true });
    const copy = [`${MAVEN_PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', '-DoutputDirectory=lib'];
    await command('mvn', ['-B', '-ntp', '-q', ...copy], { cwd: empty });
    await command(
      'javac',
      ['-parameters', '-cp', 'lib/*', '-d', 'classes', 'Registrants.java', 'Greeter.java'],
      { cwd: empty },
    );
  });
}

/** Services in one process that register themselves, as their users' programs do. */
export class Registrants {
  private constructor(readonly process: PeerProcess) {}

  static async start(): Promise<Registrants> {
    const folder = await installRegistrants();
    const path = [join(folder, 'classes'), join(folder, 'lib/*')].join(delimiter);
    const options = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    return new Registrants(
      PeerProcess.start('registrants', 'java', [...options, '-cp', path, 'peer.Registrants'], {
        listens: true,
      }),
    );
  }

  /**
   * Starts one and waits until it has registered itself.
   * @param kind `spring` (options are properties), `curator` or `dubbo`
   * @returns the port on which it answers, with its id in `x-service`
   */
  async run(id: string, kind: string, options: Readonly<Record<string, string | number>>): Promise<number> {
    const words = Object.entries(options).map(([key, value]) => `${key}=${value}`);
    this.process.say(['start', id, kind, ...words].join(' '));
    const lines = () => this.process.output.split('\n').map((line) => line.split(' '));
    const find = (word: string) => lines().find(([first, of]) => first === word && of === id);
    await this.process.until(() => (find('started') ?? find('failed')) !== undefined, 60_000);
    const failed = find('failed');
    if (failed !== undefined) throw new Error(`${failed.join(' ')}\n${this.process.output.slice(-4_000)}`);
    return Number(find('started')?.[2]);
  }

  /** Begins to end one as its user would, so that it takes itself out of the registry; others go on. */
  end(id: string): void {
    this.process.say(`stop ${id}`);
  }

  async kill(): Promise<void> {
    await this.process.stop('SIGKILL');
  }
}
