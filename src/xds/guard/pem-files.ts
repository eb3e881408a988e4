import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, SignalboxError } from '../../errors.js';

/** A certificate, with the intermediate ones behind it, and its private key: PEM texts, or the paths of such files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads a certificate and its key.
 * @param paths of PEM files
 * @throws SignalboxError `tls_invalid` that names the file and holds nothing of a key
 */
export function readKeyPair({ cert, key }: KeyPair): KeyPair {
  const certificates = read(cert);
  const privateKey = read(key);
  const [own] = parsed(certificates, cert);
  if (!own.checkPrivateKey(keyOf(privateKey, key)))
    throw invalidPem(key, `it is not the key of the certificate in ${cert}`);
  return { cert: certificates, key: privateKey };
}

/**
 * Reads the certificates of those who sign others.
 * @throws SignalboxError `tls_invalid` that names the file
 */
export function readAuthorities(path: string): string {
  const authorities = read(path);
  parsed(authorities, path);
  return authorities;
}

export function invalidPem(path: string, reason: string): SignalboxError {
  return new SignalboxError('tls_invalid', `${path}: ${reason}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw invalidPem(path, messageOf(thrown));
  }
}

function parsed(pem: string, path: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...others] = (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch (thrown) {
    throw invalidPem(path, messageOf(thrown));
  }
  throw invalidPem(path, 'it holds no certificate');
}

function keyOf(pem: string, path: string) {
  try {
    return createPrivateKey(pem);
  } catch (thrown) {
    throw invalidPem(path, `it holds no private key that can be read: ${messageOf(thrown)}`);
  }
}
