/** `DNS:a`, `URI:"b, c"`: values with special characters stand as JSON texts. See tls.TLSSocket#getPeerCertificate. */
const ENTRY = /([A-Za-z][A-Za-z0-9 ]*):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * The DNS names and URIs of a certificate, as Node gives its subject alternative names. What cannot be read gives no
 * name: nobody is to be let in by a misunderstanding.
 */
export function subjectNames(subjectAltName: string | undefined): readonly string[] {
  const names: string[] = [];
  const text = subjectAltName ?? '';
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const entry = ENTRY.exec(text);
    if (entry === null) return [];
    const [, kind, value = ''] = entry;
    if (kind !== 'DNS' && kind !== 'URI') continue;
    const name = value.startsWith('"') ? unquoted(value) : value;
    if (name === undefined) return [];
    names.push(name);
  }
  return names;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
