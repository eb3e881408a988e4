import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './cache.js';

/** A certificate and its key: paths of PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority of a test's own, and what it signed. Made by `openssl`. */
export class Certificates {
  private constructor(
    private readonly folder: string,
    private readonly authority: KeyPair,
    /** For 127.0.0.1 and `names`. */
    readonly server: KeyPair,
    readonly client: KeyPair,
  ) {}

  /** The path of the authority's certificate. */
  get ca(): string {
    return this.authority.cert;
  }

  static async make(names: readonly string[] = ['localhost']): Promise<Certificates> {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-certificates-'));
    const path = (name: string) => join(folder, name);
    const ca: KeyPair = { cert: path('ca.pem'), key: path('ca.key') };
    const authority = ['-days', '2', '-subj', '/CN=test authority', '-keyout', ca.key, '-out', ca.cert];
    await command('openssl', ['req', '-x509', ...NEW_KEY, ...authority]);
    const server = await signed(folder, ca, 'server', serverExtensions(names));
    const client = await signed(folder, ca, 'client', ['extendedKeyUsage=clientAuth']);
    return new Certificates(folder, ca, server, client);
  }

  /** Another certificate for a client, with these names: `DNS:a`, `URI:spiffe://b/c`. */
  async clientOf(name: string, ...names: readonly string[]): Promise<KeyPair> {
    const extensions = [`subjectAltName=${names.join(',')}`, 'extendedKeyUsage=clientAuth'];
    return await signed(this.folder, this.authority, name, extensions);
  }

  /** Another certificate for the server. */
  async serverOf(name: string, names: readonly string[] = ['localhost']): Promise<KeyPair> {
    return await signed(this.folder, this.authority, name, serverExtensions(names));
  }

  /** A certificate that has run out. */
  async expired(name: string, ...names: readonly string[]): Promise<KeyPair> {
    const extensions = [`subjectAltName=${names.join(',')}`, 'extendedKeyUsage=clientAuth,serverAuth'];
    return await signed(this.folder, this.authority, name, extensions, ['-days', '-1']);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function serverExtensions(names: readonly string[]): readonly string[] {
  return [
    `subjectAltName=IP:127.0.0.1,${names.map((name) => `DNS:${name}`).join(',')}`,
    'extendedKeyUsage=serverAuth,clientAuth',
  ];
}

async function signed(
  folder: string,
  authority: KeyPair,
  name: string,
  extensions: readonly string[],
  validity: readonly string[] = ['-days', '2'],
): Promise<KeyPair> {
  const path = (extension: string) => join(folder, `${name}.${extension}`);
  const pair: KeyPair = { cert: path('pem'), key: path('key') };
  writeFileSync(path('ext'), `${extensions.join('\n')}\n`);
  const subject = ['-subj', `/CN=${name}`, '-keyout', pair.key, '-out', path('csr')];
  await command('openssl', ['req', ...NEW_KEY, ...subject]);
  const by = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial', '-extfile', path('ext')];
  await command('openssl', ['x509', '-req', '-in', path('csr'), ...by, ...validity, '-out', pair.cert]);
  return pair;
}
