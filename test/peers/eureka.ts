import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { installNetflixEureka, installSpringEureka } from './eureka-install.js';
import { freePort, PeerProcess } from './process.js';

const JAVA = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface EurekaOptions {
  /** Spring Cloud's server asks for Basic authentication, Netflix's own for nothing. */
  readonly kind?: 'spring' | 'netflix';
  /** More settings by their Java property names, such as `eureka.server.disable-delta`. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  readonly user?: string;
  readonly password?: string;
}

/** What tests say of an instance; the rest of what Eureka wants is filled in. */
export interface EurekaInstance {
  readonly app: string;
  readonly host: string;
  readonly port?: number;
  readonly securePort?: number;
  readonly id?: string;
  readonly status?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Seconds after which the server may drop it. */
  readonly lease?: number;
}

/** An Eureka of one server, with what it holds in memory. It keeps its port over `stop` and `start`. */
export class Eureka {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The same with user and password. */
  readonly urlWithPassword: string;
  readonly prefix: string;
  readonly #agent = new Agent({ headersTimeout: 30_000 });
  readonly #authorization: string;
  #process: PeerProcess | undefined;

  private constructor(
    private readonly options: Required<EurekaOptions>,
    private readonly port: number,
    private readonly folder: string,
  ) {
    const { kind, user, password } = options;
    this.url = `http://127.0.0.1:${port}`;
    this.urlWithPassword = `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
    this.prefix = kind === 'spring' ? '/eureka' : '/eureka/v2';
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  static async start(options: EurekaOptions = {}): Promise<Eureka> {
    const complete = { kind: 'spring', properties: {}, user: 'eve', password: 'plain', ...options } as const;
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-eureka-'));
    const eureka = new Eureka(complete, await freePort(), folder);
    try {
      await eureka.start();
    } catch (thrown) {
      await eureka.close();
      throw thrown;
    }
    return eureka;
  }

  /** The running process, to freeze it or to read what it printed. */
  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this Eureka was never started');
    return this.#process;
  }

  /** Starts it again after `stop`, on the same port, with nothing registered. */
  async start(): Promise<void> {
    const args = this.options.kind === 'spring' ? await this.#spring() : await this.#netflix();
    this.#process = PeerProcess.start('eureka', 'java', [...JAVA, ...args], { cwd: this.folder });
    await this.#process.until(async () => (await this.#ask('GET', '/apps')) === 200, 90_000);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** Stops it for good. */
  async close(): Promise<void> {
    await this.stop();
    await this.#agent.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What registers an instance. */
  static body(instance: EurekaInstance): object {
    const { app, host, port, securePort, status = 'UP', metadata, lease = 600 } = instance;
    return {
      instance: {
        instanceId: idOf(instance),
        hostName: host,
        app,
        ipAddr: host,
        vipAddress: app,
        status,
        port: { $: port ?? 80, '@enabled': String(port !== undefined) },
        securePort: { $: securePort ?? 443, '@enabled': String(securePort !== undefined) },
        dataCenterInfo: {
          '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo',
          name: 'MyOwn',
        },
        leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: lease },
        ...(metadata !== undefined && { metadata }),
      },
    };
  }

  async register(instance: EurekaInstance): Promise<void> {
    await this.#expect('POST', `/apps/${instance.app}`, 204, JSON.stringify(Eureka.body(instance)));
  }

  async deregister(instance: EurekaInstance): Promise<void> {
    await this.#expect('DELETE', `/apps/${instance.app}/${encodeURIComponent(idOf(instance))}`, 200);
  }

  /** Sets the overridden status, or takes it back where there is none. */
  async override(instance: EurekaInstance, status?: string): Promise<void> {
    const path = `/apps/${instance.app}/${encodeURIComponent(idOf(instance))}/status`;
    if (status === undefined) await this.#expect('DELETE', `${path}?value=UP`, 200);
    else await this.#expect('PUT', `${path}?value=${status}`, 200);
  }

  async #expect(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    status: number,
    body?: string,
  ): Promise<void> {
    const answered = await this.#ask(method, path, body);
    if (answered !== status) throw new Error(`eureka: ${method} ${path}: ${answered}`);
  }

  async #ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: string): Promise<number> {
    const answer = await request(`${this.url}${this.prefix}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: this.#authorization,
        accept: 'application/json',
        // Netflix's server refuses a GET that says this.
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
    await answer.body.dump();
    return answer.statusCode;
  }

  async #spring(): Promise<readonly string[]> {
    const settings = {
      'server.port': this.port,
      'server.address': '127.0.0.1',
      'spring.security.user.name': this.options.user,
      // Without this mark Spring takes a password such as `{x}y` for one that is stored encoded.
      'spring.security.user.password': `{noop}${this.options.password}`,
      'eureka.client.register-with-eureka': false,
      'eureka.client.fetch-registry': false,
      'eureka.server.wait-time-in-ms-when-sync-empty': 0,
      'eureka.server.use-read-only-response-cache': false,
      'eureka.server.enable-self-preservation': false,
      'eureka.server.eviction-interval-timer-in-ms': 1_000,
      'eureka.server.renewal-percent-threshold': 0,
      ...this.options.properties,
    };
    const jar = await installSpringEureka();
    return ['-jar', jar, ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
  }

  async #netflix(): Promise<readonly string[]> {
    const settings = {
      'java.io.tmpdir': this.folder,
      'eureka.registration.enabled': false,
      'eureka.shouldFetchRegistry': false,
      'eureka.serviceUrl.default': `${this.url}${this.prefix}/`,
      'eureka.waitTimeInMsWhenSyncEmpty': 0,
      'eureka.numberRegistrySyncRetries': 0,
      'eureka.shouldUseReadOnlyResponseCache': false,
      ...this.options.properties,
    };
    const { war, jetty } = await installNetflixEureka();
    const java = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
    const host = ['--host', '127.0.0.1', '--port', String(this.port)];
    return [...java, '-jar', jetty, ...host, '--path', '/eureka', war];
  }
}

function idOf({ id, host, app, port, securePort }: EurekaInstance): string {
  return id ?? `${host}:${app}:${port ?? securePort}`;
}
