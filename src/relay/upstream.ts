import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { Secret } from '../config/secret.js';
import { SignalboxError } from '../errors.js';
import { type KeyPair, readAuthorities, readKeyPair } from '../xds/guard/pem-files.js';

/** Paths of PEM files. */
export interface UpstreamTls {
  /** Who signed the upstream's certificate, which must be for the very host that the relay goes to. */
  readonly ca: string;
  /** What the relay shows of itself. */
  readonly client?: KeyPair | undefined;
}

/** Who the upstream is told that asks: by this it chooses the group whose part it gives. */
export interface RelayNode {
  readonly id: string;
  readonly cluster: string;
  readonly locality?: { readonly region: string; readonly zone: string; readonly sub_zone: string };
}

export interface UpstreamOptions {
  /** `host:port` */
  readonly address: string;
  readonly node: RelayNode;
  /** Plaintext without it. */
  readonly tls?: UpstreamTls | undefined;
  /** The path of a file that holds the bearer token. */
  readonly tokenFile?: string | undefined;
}

/** What an HTTP header can carry, in one piece. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Another Signalbox, and how to get into it. All files are read for each connection, so that new ones need no restart. */
export class Upstream {
  readonly address: string;
  readonly node: RelayNode;
  readonly #tls: UpstreamTls | undefined;
  readonly #token: Secret | undefined;

  constructor({ address, node, tls, tokenFile }: UpstreamOptions) {
    this.address = address;
    this.node = node;
    this.#tls = tls;
    this.#token = Secret.from(undefined, tokenFile);
  }

  /** @throws SignalboxError `tls_invalid` */
  credentials(): ChannelCredentials {
    if (this.#tls === undefined) return credentials.createInsecure();
    const ca = Buffer.from(readAuthorities(this.#tls.ca));
    if (this.#tls.client === undefined) return credentials.createSsl(ca);
    const { cert, key } = readKeyPair(this.#tls.client);
    return credentials.createSsl(ca, Buffer.from(key), Buffer.from(cert));
  }

  /** @throws SignalboxError `config_unreadable`, `config_invalid`; shows nothing of the token */
  metadata(): Metadata {
    const metadata = new Metadata();
    const token = this.#token?.current().trim();
    if (token === undefined) return metadata;
    // gRPC would show it in its own error.
    if (!TOKEN.test(token))
      throw new SignalboxError(
        'config_invalid',
        'the token file holds no token: one word of ASCII characters',
      );
    metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  }
}
