import type { DocumentSet } from '../documents/document-set.js';
import { readCertificate } from '../secrets/pem.js';
import type { SecretStatus } from '../secrets/secret-store.js';
import { digest, digestText } from '../snapshot/content-hash.js';

/** The certificates of documents; nothing of their keys. */
export function listCertificates(documents: DocumentSet): readonly SecretStatus[] {
  return documents.certificates().flatMap(({ id, at, certificate, rejected }) => {
    const problem = rejected === undefined ? undefined : { message: rejected, at };
    if (certificate === undefined) return [{ name: id, files: [], served: undefined, problem }];
    return certificate.pairs.map(({ chain, key }): SecretStatus => {
      const { facts } = readCertificate(chain, key);
      const served = facts && { ...facts, version: digestText(digest(chain)) };
      return { name: id, files: [], served, problem };
    });
  });
}
