import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { command, installed } from './cache.js';
import { eventually } from './eventually.js';
import { freePort, PeerProcess } from './process.js';

const VERSION = '3.1.0';
const MAVEN_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/** The folder of a Nacos server with its jars in `lib` and our main class in `classes`; out of Maven Central. */
export async function installNacos(): Promise<string> {
  return await installed(`nacos-${VERSION}`, async (empty) => {
    cpSync(resolve(import.meta.dirname, 'nacos'), empty, { recursive: true });
    const copy = [`${MAVEN_PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', '-DoutputDirectory=lib'];
    await command('mvn', ['-B', '-ntp', '-q', ...copy], { cwd: empty });
    await command('javac', ['-cp', 'lib/*', '-d', 'classes', 'NacosMain.java'], { cwd: empty });
  });
}

export interface NacosServerOptions {
  /** Turns authentication on, with this as the password of the user `nacos`. */
  readonly password?: string;
  /** More lines of application.properties. */
  readonly properties?: readonly string[];
}

/** A standalone Nacos. It keeps its ports over `stop` and `start`. */
export class Nacos {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  #process: PeerProcess | undefined;

  private constructor(
    readonly options: NacosServerOptions,
    readonly port: number,
    private readonly folder: string,
    private readonly home: string,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: NacosServerOptions = {}): Promise<Nacos> {
    const folder = await installNacos();
    for (let attempt = 1; ; attempt += 1) {
      const home = mkdtempSync(join(tmpdir(), 'signalbox-nacos-'));
      const nacos = new Nacos(options, await portWithNeighbours(), folder, home);
      try {
        await nacos.start();
        return nacos;
      } catch (thrown) {
        await nacos.close();
        // A port may have been taken meanwhile; on a busy machine it also gives up making its database.
        if (attempt === 3) throw thrown;
      }
    }
  }

  /** The running process, to freeze it or to read what it printed. */
  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this Nacos was never started');
    return this.#process;
  }

  /** Starts it again after `stop`, and waits until it takes requests, with authentication those of its user too. */
  async start(): Promise<void> {
    mkdirSync(join(this.home, 'conf'), { recursive: true });
    writeFileSync(join(this.home, 'conf/application.properties'), `${this.#properties().join('\n')}\n`);
    this.#process = PeerProcess.start('nacos', 'java', [
      ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dderby.system.durability=test'],
      ...[`-Dnacos.home=${this.home}`, `-Duser.home=${this.home}`, '-Dnacos.standalone=true'],
      // Both releases of Hessian are there, and the older one lacks a class.
      ...['-cp', [join(this.folder, 'classes'), this.#hessian(), join(this.folder, 'lib/*')].join(':')],
      ...['NacosMain', `--spring.config.additional-location=file:${this.home}/conf/`],
    ]);
    await this.process.until(
      async () => (await this.#send('GET', '/v3/admin/core/state/readiness', {})).status === 200,
      90_000,
    );
    const { password } = this.options;
    if (password === undefined) return;
    // Refused when the user is there already, after a restart.
    await this.#send('POST', '/v3/auth/user/admin', { password });
    await eventually(() => this.logIn('nacos', password), 60_000, 100);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal, 10_000);
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
  }

  /** A token of this user. */
  async logIn(username: string, password: string): Promise<string> {
    const { status, body } = await this.#send('POST', '/v3/auth/user/login', { username, password });
    if (status !== 200) throw new Error(`no login: ${status} ${body}`);
    return (JSON.parse(body) as { readonly accessToken: string }).accessToken;
  }

  /**
   * Registers an instance as a client would that speaks HTTP: `serviceName`, `ip`, `port` and what else the open API
   * takes. It is kept without heartbeats.
   */
  async register(instance: NacosInstance): Promise<void> {
    const { metadata = {}, ...rest } = instance;
    const kept = { 'preserved.heart.beat.timeout': '3600000', 'preserved.ip.delete.timeout': '3600000' };
    const form = { ...rest, metadata: JSON.stringify({ ...kept, ...metadata }) };
    await this.call('POST', '/v3/client/ns/instance', form);
  }

  async deregister(instance: NacosInstance): Promise<void> {
    const { metadata: _, ...rest } = instance;
    await this.call('DELETE', '/v3/client/ns/instance', rest);
  }

  /** Removes a service that has no instance any more. */
  async removeService(serviceName: string): Promise<void> {
    await this.call('DELETE', '/v3/admin/ns/service', { serviceName });
  }

  /** Any call of the HTTP API, by the user `nacos` where authentication is on. Gives the body. */
  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, form: Form): Promise<string> {
    const { password } = this.options;
    const token = password === undefined ? undefined : await this.logIn('nacos', password);
    const { status, body } = await this.#send(method, path, form, token);
    if (status !== 200 || /^\{"code":(?!0,)/.test(body))
      throw new Error(`${method} ${path}: ${status} ${body}`);
    return body;
  }

  async #send(
    method: string,
    path: string,
    form: Form,
    token?: string,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const fields = new URLSearchParams(
      Object.entries(form).map(([key, value]): [string, string] => [key, String(value)]),
    ).toString();
    const inBody = method === 'POST' || method === 'PUT';
    const { statusCode, body } = await request(`${this.url}/nacos${path}${inBody ? '' : `?${fields}`}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(inBody && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: inBody ? fields : null,
    });
    return { status: statusCode, body: await body.text() };
  }

  #hessian(): string {
    const jars = readdirSync(join(this.folder, 'lib')).filter((name) => /^hessian-4\./.test(name));
    return jars.map((name) => join(this.folder, 'lib', name)).join(':');
  }

  #properties(): readonly string[] {
    const auth = this.options.password !== undefined;
    return [
      `nacos.server.main.port=${this.port}`,
      'nacos.core.auth.system.type=nacos',
      `nacos.core.auth.enabled=${auth}`,
      `nacos.core.auth.admin.enabled=${auth}`,
      'nacos.core.auth.caching.enabled=false',
      `nacos.core.auth.plugin.nacos.token.secret.key=${Buffer.from('signalbox'.repeat(6)).toString('base64')}`,
      'nacos.core.auth.server.identity.key=signalbox',
      'nacos.core.auth.server.identity.value=signalbox',
      ...['client', 'admin', 'console'].map((api) => `nacos.core.api.compatibility.${api}.enabled=true`),
      ...(this.options.properties ?? []),
    ];
  }
}

type Form = Readonly<Record<string, string | number | boolean>>;

export interface NacosInstance {
  readonly serviceName: string;
  readonly ip: string;
  readonly port: number;
  readonly namespaceId?: string;
  readonly groupName?: string;
  readonly clusterName?: string;
  readonly weight?: number;
  readonly healthy?: boolean;
  readonly enabled?: boolean;
  readonly ephemeral?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A port whose neighbours that Nacos also takes are free: gRPC at +1000 and +1001, Raft at -1000. */
async function portWithNeighbours(): Promise<number> {
  for (;;) {
    const port = await freePort();
    const others = [port + 1_000, port + 1_001, port - 1_000];
    if (others.some((other) => other > 65_535)) continue;
    if ((await Promise.all(others.map(isFree))).every((free) => free)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, () => server.close(() => done(true)));
  });
}
