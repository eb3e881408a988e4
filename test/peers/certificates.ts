import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './cache.js';

/** A certificate and its key: paths of PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own, and what it signed. Made by `openssl`. */
export class Certificates {
  private constructor(
    private readonly folder: string,
    /** The path of the authority's certificate. */
    readonly ca: string,
    /** For 127.0.0.1 and `names`. */
    readonly server: KeyPair,
    readonly client: KeyPair,
  ) {}

  static async make(names: readonly string[] = ['localhost']): Promise<Certificates> {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-certificates-'));
    const path = (name: string) => join(folder, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const ca: KeyPair = { cert: path('ca.pem'), key: path('ca.key') };
    const authority = ['-days', '2', '-subj', '/CN=test authority', '-keyout', ca.key, '-out', ca.cert];
    await command('openssl', ['req', '-x509', ...key, ...authority]);
    const sign = async (name: string, extensions: readonly string[]): Promise<KeyPair> => {
      const pair: KeyPair = { cert: path(`${name}.pem`), key: path(`${name}.key`) };
      const request = path(`${name}.csr`);
      const config = path(`${name}.ext`);
      writeFileSync(config, `${extensions.join('\n')}\n`);
      await command('openssl', ['req', ...key, '-subj', `/CN=${name}`, '-keyout', pair.key, '-out', request]);
      const by = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-extfile', config, '-days', '2'];
      await command('openssl', ['x509', '-req', '-in', request, ...by, '-out', pair.cert]);
      return pair;
    };
    const server = await sign('server', [
      `subjectAltName=IP:127.0.0.1,${names.map((name) => `DNS:${name}`).join(',')}`,
      'extendedKeyUsage=serverAuth,clientAuth',
    ]);
    return new Certificates(folder, ca.cert, server, await sign('client', ['extendedKeyUsage=clientAuth']));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
