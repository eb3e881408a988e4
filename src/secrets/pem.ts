import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What is told of a certificate. */
export interface CertificateFacts {
  readonly subject: string;
  /** Subject alternative names as OpenSSL writes them. */
  readonly names: string;
  readonly notAfter: Date;
}

export type CertificateRead =
  | { readonly facts: CertificateFacts; readonly wrong?: undefined }
  | { readonly wrong: string; readonly facts?: undefined };

const BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
/** Of elliptic curves Envoy takes these. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const LEAST_RSA_BITS = 2_048;

/**
 * Reads a certificate chain and its private key, and checks that they belong together and that Envoy would take them. What
 * is wrong is said without anything of the key.
 */
export function readCertificate(chain: string | undefined, key: string | undefined): CertificateRead {
  if (chain === undefined) return { wrong: 'the certificate cannot be read' };
  if (key === undefined) return { wrong: 'the private key cannot be read' };
  const certificates = readCertificates(chain);
  const [own] = certificates ?? [];
  if (own === undefined) return { wrong: 'the certificate is no PEM' };
  const privateKey = readKey(key);
  if (privateKey === undefined) return { wrong: 'the private key is no PEM, or has a passphrase' };
  if (!own.checkPrivateKey(privateKey)) return { wrong: 'the private key belongs to another certificate' };
  const wrong = kindRefusal(privateKey);
  return wrong === undefined ? { facts: factsOf(own) } : { wrong };
}

/** Reads the certificates of authorities. */
export function readAuthorities(text: string | undefined): CertificateRead {
  if (text === undefined) return { wrong: 'the certificates cannot be read' };
  const [first] = readCertificates(text) ?? [];
  return first === undefined ? { wrong: 'the certificates are no PEM' } : { facts: factsOf(first) };
}

/** undefined where one of them is broken. */
function readCertificates(text: string): readonly X509Certificate[] | undefined {
  try {
    return (text.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function readKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

function kindRefusal({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa')
    return modulusLength >= LEAST_RSA_BITS
      ? undefined
      : `Envoy takes RSA keys of ${LEAST_RSA_BITS} bits at least`;
  if (asymmetricKeyType === 'ec' && CURVES.has(namedCurve)) return undefined;
  return 'Envoy takes RSA keys, and ECDSA keys on the curves P-256, P-384 and P-521';
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: certificate.subject,
    names: certificate.subjectAltName ?? '',
    notAfter: new Date(certificate.validTo),
  };
}
