import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { watchFile } from '../../config/watch-file.js';
import { messageOf } from '../../errors.js';
import { invalidPem, readAuthorities, readKeyPair } from './pem-files.js';

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

/** A certificate and its key are written one after the other: so long, in milliseconds, they may not fit. */
const SETTLE = 1_000;

/**
 * Reads what a TLS server needs.
 * @throws SignalboxError `tls_invalid` that names the file and holds nothing of a key
 */
export function readCertificates({ cert, key, client_ca }: TlsFiles): SecureContextOptions {
  const pair = readKeyPair({ cert, key });
  const options = { ...pair, ...(client_ca !== undefined && { ca: readAuthorities(client_ca) }) };
  try {
    createSecureContext(options);
  } catch (thrown) {
    throw invalidPem(cert, messageOf(thrown));
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
      if (until < Date.now()) throw invalidPem(this.files.cert, 'it has expired');
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

function validUntil({ cert }: SecureContextOptions): number {
  return Date.parse(new X509Certificate(String(cert)).validTo);
}
