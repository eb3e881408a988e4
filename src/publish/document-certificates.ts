import type { DocumentCertificate } from '../model/certificate.js';
import type { CertificatePair, ListenerRule } from '../model/listener.js';

/** A listener with the certificates of documents, but for names that it has itself. */
export function withDocuments(
  listener: ListenerRule,
  certificates: readonly DocumentCertificate[],
): ListenerRule {
  const { tls, tls_passthrough = [] } = listener;
  if (tls?.documents !== true) return listener;
  const own = new Set([
    ...tls.certificates.flatMap(({ hosts = [] }) => hosts),
    ...tls_passthrough.flatMap(({ sni }) => sni),
  ]);
  const more = certificates.flatMap(({ hosts, pairs }): readonly CertificatePair[] => {
    const left = hosts.filter((host) => !own.has(host));
    if (left.length === 0) return [];
    return pairs.map((pair) => ({ cert: '', key: '', hosts: left, content: pair }));
  });
  return { ...listener, tls: { ...tls, certificates: [...tls.certificates, ...more] } };
}
