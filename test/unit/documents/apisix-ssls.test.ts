import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';
import { DocumentSet } from '../../../src/documents/document-set.js';
import { Certificates } from '../../peers/certificates.js';

let certificates: Certificates;
let cert: string;
let key: string;

beforeAll(async () => {
  certificates = await Certificates.make(['a.test']);
  cert = readFileSync(certificates.server.cert, 'utf8');
  key = readFileSync(certificates.server.key, 'utf8');
});
afterAll(() => certificates.remove());

function outcome(document: object) {
  const table = new ApisixTable('');
  table.change('ssls/1', JSON.stringify(document));
  return table.take().certificates.get('ssls/1');
}

test('names, several pairs, an encrypted key', () => {
  expect(outcome({ cert, key, sni: 'A.test' })?.certificate).toEqual({
    hosts: ['a.test'],
    pairs: [{ chain: cert, key }],
  });
  const cipher = createCipheriv('aes-128-cbc', 'edd1c9f0985e76a2', 'edd1c9f0985e76a2');
  const encrypted = Buffer.concat([cipher.update(key), cipher.final()]).toString('base64');
  const more = { certs: [cert], keys: [key], ssl_protocols: ['TLSv1.3', 'TLSv1.2'] };
  expect(outcome({ cert, key: encrypted, snis: ['b.test', '*.a.test'], ...more })?.certificate).toEqual({
    hosts: ['*.a.test', 'b.test'],
    pairs: [
      { chain: cert, key },
      { chain: cert, key },
    ],
  });
  expect(outcome({ cert, key, sni: 'a.test', status: 0 })).toEqual({ disabled: true });
});

test('what is rejected, without anything of a key', () => {
  const reasons: readonly (readonly [object, string])[] = [
    [{ key: 'topsecret' }, 'the private key is no PEM'],
    [{ cert: 'x' }, 'the certificate is no PEM'],
    [{ sni: undefined, snis: [] }, 'neither "sni" nor "snis" names a server'],
    [{ sni: 'a*.test' }, '"a*.test" is no name of a server'],
    [{ certs: [cert] }, '"certs" and "keys" are not as many'],
    [{ type: 'client' }, 'type "client" is not carried over'],
    [{ ssl_protocols: ['TLSv1.1'] }, '"ssl_protocols"'],
    [{ client: { ca: cert } }, '"client" is not carried over'],
    [{ more: 1 }, '"more" is not carried over'],
  ];
  for (const [given, reason] of reasons) {
    const { rejected } = outcome({ cert, key, sni: 'a.test', ...given }) ?? {};
    expect(rejected).toContain(reason);
    expect(rejected).not.toContain('topsecret');
  }
});

test('a broken one keeps its last good version, and the first of two with one name counts', () => {
  const set = new DocumentSet(() => 5);
  const table = new ApisixTable('');
  const change = (id: string, document: object | undefined) => {
    table.change(`ssls/${id}`, document && JSON.stringify(document));
    set.apply('apisix', table.take(), false);
    return set.takeChanges();
  };
  expect(change('2', { cert, key, sni: 'a.test' })).toEqual(new Set());
  expect(change('2', { cert, key: 'x', sni: 'a.test' })).toBeUndefined();
  expect(set.certificates()).toMatchObject([
    { id: 'ssls/2', at: 5, rejected: expect.stringMatching(/no PEM/) },
  ]);
  expect(set.current().certificates).toHaveLength(1);
  change('1', { cert, key, snis: ['a.test', 'b.test'] });
  expect(set.current().certificates.map(({ hosts }) => hosts)).toEqual([['a.test', 'b.test']]);
  expect(set.certificates()[1]?.rejected).toBe('another document has certificates for "a.test" already');
  change('1', { cert, key, sni: 'a.test', status: 0 });
  change('2', undefined);
  expect(set.current().certificates).toEqual([]);
});
