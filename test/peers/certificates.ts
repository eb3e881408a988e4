import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './cache.js';

/** A certificate and its key: paths of PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority of a test's own, and what it signed. Made by `openssl`. */
export class Certificates {
  #issued = 0;
  #server: KeyPair | undefined;
  #client: KeyPair | undefined;

  private constructor(
    private readonly folder: string,
    private readonly authority: KeyPair,
  ) {}

  static async make(names: readonly string[] = ['localhost']): Promise<Certificates> {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-certificates-'));
    const ca: KeyPair = { cert: join(folder, 'ca.pem'), key: join(folder, 'ca.key') };
    const options = ['-days', '2', '-subj', '/CN=test authority', '-keyout', ca.key, '-out', ca.cert];
    await command('openssl', ['req', '-x509', ...KEY, ...options]);
    const made = new Certificates(folder, ca);
    made.#server = await made.issue('server', names);
    made.#client = await made.#sign('client', ['extendedKeyUsage=clientAuth']);
    return made;
  }

  /** The path of the authority's certificate. */
  get ca(): string {
    return this.authority.cert;
  }

  /** For 127.0.0.1 and the names that were given. */
  get server(): KeyPair {
    return present(this.#server);
  }

  get client(): KeyPair {
    return present(this.#client);
  }

  /** A new certificate with a new key, for 127.0.0.1 and `names`. */
  async issue(subject: string, names: readonly string[]): Promise<KeyPair> {
    return await this.#sign(subject, [
      `subjectAltName=${['IP:127.0.0.1', ...names.map((name) => `DNS:${name}`)].join(',')}`,
      'extendedKeyUsage=serverAuth,clientAuth',
    ]);
  }

  /** Another certificate for a client, with these names: `DNS:a`, `URI:spiffe://b/c`. */
  async clientOf(subject: string, ...names: readonly string[]): Promise<KeyPair> {
    return await this.#sign(subject, [`subjectAltName=${names.join(',')}`, 'extendedKeyUsage=clientAuth']);
  }

  /** A certificate that has run out. */
  async expired(subject: string, ...names: readonly string[]): Promise<KeyPair> {
    const extensions = [`subjectAltName=${names.join(',')}`, 'extendedKeyUsage=clientAuth,serverAuth'];
    return await this.#sign(subject, extensions, -1);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #sign(subject: string, extensions: readonly string[], days = 2): Promise<KeyPair> {
    this.#issued += 1;
    const path = (ending: string) => join(this.folder, `${this.#issued}.${ending}`);
    const pair: KeyPair = { cert: path('pem'), key: path('key') };
    const request = path('csr');
    const config = path('ext');
    writeFileSync(config, `${extensions.join('\n')}\n`);
    await command('openssl', [
      'req',
      ...KEY,
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      pair.key,
      '-out',
      request,
    ]);
    const { cert, key } = this.authority;
    const by = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-extfile', config, '-days', `${days}`];
    await command('openssl', ['x509', '-req', '-in', request, ...by, '-out', pair.cert]);
    return pair;
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not made yet');
  return value;
}
