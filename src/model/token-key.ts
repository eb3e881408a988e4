import { createPublicKey } from 'node:crypto';
import type { TokenAlgorithm, TokenKey } from './consumer.js';

type Jwk = TokenKey['jwk'];

/** Of public keys, by what signs with them. */
const KINDS: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS: { kty: 'RSA' },
  PS: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

/** Whether both sides sign and check with the same secret. */
export function isSymmetric(algorithm: TokenAlgorithm): boolean {
  return algorithm.startsWith('HS');
}

export function secretJwk(secret: Uint8Array): Jwk {
  return { kty: 'oct', k: Buffer.from(secret).toString('base64url') };
}

/**
 * A public key, or the one in a certificate.
 * @returns undefined where the text is none of the algorithm
 */
export function publicJwk(pem: string, algorithm: TokenAlgorithm): Jwk | undefined {
  const wanted = KINDS[algorithm] ?? KINDS[algorithm.slice(0, 2)];
  try {
    const jwk = createPublicKey(pem).export({ format: 'jwk' });
    const fits = jwk.kty === wanted?.kty && (wanted?.crv === undefined || jwk.crv === wanted.crv);
    return fits ? { ...jwk } : undefined;
  } catch {
    return undefined;
  }
}
