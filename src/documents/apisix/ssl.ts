import type { DocumentCertificate } from '../../model/certificate.js';
import { readCertificate } from '../../secrets/pem.js';
import { textOf } from '../../text-of.js';
import type { CertificateOutcome } from '../document-table.js';
import { type JsonObject, mapDocument, readSecretJson } from '../json-document.js';
import type { Decrypt } from './keyring.js';
import { withoutNeutral } from './neutral.js';
import { Reasons } from './reasons.js';

const KNOWN = new Set([
  ...['id', 'name', 'desc', 'labels', 'create_time', 'update_time', 'validity_start', 'validity_end'],
  ...['status', 'type', 'sni', 'snis', 'cert', 'key', 'certs', 'keys', 'client', 'ssl_protocols', 'exptime'],
]);
const DEFAULTS = { type: 'server', status: 1 };
const KEPT = new Set(['labels']);
const PROTOCOLS = ['TLSv1.2', 'TLSv1.3'];
const MOST_NAMES = 1_000;

/** `ssls/<id>`. No reason tells anything of a key. */
export function readSsl(text: string, decrypt: Decrypt): CertificateOutcome {
  const json = readSecretJson(text);
  if (json.rejected !== undefined) return json;
  if (json.value.status === 0) return { disabled: true };
  const reasons = new Reasons();
  return mapDocument<CertificateOutcome>(
    () => {
      const certificate = mapped(withoutNeutral(json.value, DEFAULTS, KEPT), decrypt, reasons);
      const rejected = reasons.text;
      return rejected === undefined ? { certificate } : { rejected };
    },
    (rejected) => ({ rejected }),
  );
}

function mapped(given: JsonObject, decrypt: Decrypt, reasons: Reasons): DocumentCertificate {
  reasons.onlyKnown(given, KNOWN);
  if (given.type !== undefined) reasons.add('type "client" is not carried over: say "tls" of the service');
  const protocols = given.ssl_protocols ?? PROTOCOLS;
  if (!Array.isArray(protocols) || [...protocols].sort().join() !== PROTOCOLS.join())
    reasons.add('"ssl_protocols" is carried over as TLSv1.2 with TLSv1.3 only: say "tls.min_version"');
  const chains = [given.cert, ...listOf(given.certs)];
  const keys = [given.key, ...listOf(given.keys)];
  if (chains.length !== keys.length) reasons.add('"certs" and "keys" are not as many');
  const pairs = chains.map((chain, index) => {
    const pem = textOf(keys[index] ?? '');
    const pair = { chain: textOf(chain ?? ''), key: pem.startsWith('-----') ? pem : (decrypt(pem) ?? pem) };
    const { wrong } = readCertificate(pair.chain, pair.key);
    if (wrong !== undefined) reasons.add(wrong);
    return pair;
  });
  if (given.client !== undefined)
    reasons.add(
      '"client" is not carried over: over a connection for another name a client without a certificate would reach its hosts',
    );
  return { hosts: readNames(given, reasons), pairs };
}

function readNames({ sni, snis }: JsonObject, reasons: Reasons): readonly string[] {
  const given = snis ?? (sni === undefined ? [] : [sni]);
  const names = listOf(given).map((name) => textOf(name ?? '').toLowerCase());
  if (names.length === 0) reasons.add('neither "sni" nor "snis" names a server');
  if (names.length > MOST_NAMES)
    reasons.add(`"snis" has ${names.length} names, of which ${MOST_NAMES} can be carried over`);
  const wrong = names.find((name) => !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name));
  if (wrong !== undefined) reasons.add(`"${wrong}" is no name of a server`);
  return [...new Set(names)].sort();
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
