import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { watchFile } from '../../config/watch-file.js';
import { messageOf, SignalboxError } from '../../errors.js';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The server's certificate, and the intermediate ones behind it. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of clients; undefined: they are asked for none. */
  readonly client_ca?: string | undefined;
  /** Whether a client without a certificate is sent away. */
  readonly require_client_certificate: boolean;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** A certificate and its key are written one after the other: so long, in milliseconds, they may not fit. */
const SETTLE = 1_000;

/**
 * Reads what a TLS server needs.
 * @throws SignalboxError `tls_invalid` that names the file and holds nothing of a key
 */
export function readCertificates({ cert, key, client_ca }: TlsFiles): SecureContextOptions {
  const certificates = read(cert);
  const privateKey = read(key);
  const [own] = parsed(certificates, cert);
  if (!own.checkPrivateKey(keyOf(privateKey, key)))
    throw invalid(key, `it is not the key of the certificate in ${cert}`);
  const ca = client_ca === undefined ? undefined : read(client_ca);
  if (ca !== undefined && client_ca !== undefined) parsed(ca, client_ca);
  const options = { cert: certificates, key: privateKey, ...(ca !== undefined && { ca }) };
  try {
    createSecureContext(options);
  } catch (thrown) {
    throw invalid(cert, messageOf(thrown));
  }
  return options;
}

/** What a TLS server presents, read again whenever one of the files has changed. */
export class ServerCertificates {
  #current: SecureContextOptions;
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param onChange gets the new ones; those that cannot be used are told of, and the ones before stay
   * @throws SignalboxError `tls_invalid`
   */
  constructor(
    private readonly files: TlsFiles,
    private readonly onChange: (context: SecureContextOptions) => void,
    private readonly logger: Logger,
    signal: AbortSignal,
  ) {
    for (const path of [files.cert, files.key, files.client_ca])
      if (path !== undefined) watchFile(path, () => this.#changed(false), signal);
    signal.addEventListener('abort', () => clearTimeout(this.#retry), { once: true });
    this.#current = readCertificates(files);
    const until = validUntil(this.#current);
    if (until < Date.now())
      logger.error({ cert: files.cert, until: new Date(until) }, 'the server certificate has expired');
  }

  get current(): SecureContextOptions {
    return this.#current;
  }

  #changed(settled: boolean): void {
    clearTimeout(this.#retry);
    try {
      const next = readCertificates(this.files);
      const until = validUntil(next);
      if (until < Date.now()) throw invalid(this.files.cert, 'it has expired');
      this.#current = next;
      this.onChange(next);
      this.logger.info({ cert: this.files.cert, until: new Date(until) }, 'new server certificate');
    } catch (thrown) {
      if (!settled) {
        this.#retry = setTimeout(() => this.#changed(true), SETTLE);
        return;
      }
      this.logger.error(
        { reason: messageOf(thrown) },
        'the new server certificate cannot be used: the one before stays',
      );
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw invalid(path, messageOf(thrown));
  }
}

function parsed(pem: string, path: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...others] = (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch (thrown) {
    throw invalid(path, messageOf(thrown));
  }
  throw invalid(path, 'it holds no certificate');
}

function keyOf(pem: string, path: string) {
  try {
    return createPrivateKey(pem);
  } catch (thrown) {
    throw invalid(path, `it holds no private key that can be read: ${messageOf(thrown)}`);
  }
}

function validUntil({ cert }: SecureContextOptions): number {
  return Date.parse(new X509Certificate(String(cert)).validTo);
}

function invalid(path: string, reason: string): SignalboxError {
  return new SignalboxError('tls_invalid', `${path}: ${reason}`);
}
