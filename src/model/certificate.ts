/** Certificates that a document says, with their private keys, and the names (SNI) for which they are shown. PEM. */
export interface DocumentCertificate {
  readonly hosts: readonly string[];
  readonly pairs: readonly { readonly chain: string; readonly key: string }[];
}
