import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAuthorities, readCertificate } from '../../../src/secrets/pem.js';
import { SecretStore } from '../../../src/secrets/secret-store.js';
import { command } from '../../peers/cache.js';
import { Certificates } from '../../peers/certificates.js';
import { eventually } from '../../peers/eventually.js';

let certificates: Certificates;
let folder: string;
let life: AbortController;
let log: string;
let changes: number;
let store: SecretStore;
beforeEach(async () => {
  certificates = await Certificates.make();
  folder = mkdtempSync(join(tmpdir(), 'signalbox-secrets-'));
  life = new AbortController();
  log = '';
  changes = 0;
  const logger = pino({}, { write: (line) => (log += line) });
  store = new SecretStore({ logger, onChange: () => (changes += 1) }, life.signal);
});
afterEach(() => {
  life.abort();
  certificates.remove();
  rmSync(folder, { recursive: true, force: true });
});
const pem = (path: string) => readFileSync(path, 'utf8');

test('what is no certificate with its key is told, and nothing of the key', async () => {
  const { server, client } = certificates;
  const [cert, key] = [pem(server.cert), pem(server.key)];
  expect(readCertificate(cert, key).facts).toMatchObject({ subject: 'CN=server' });
  expect(readCertificate(cert + pem(certificates.ca), key).wrong).toBeUndefined();
  expect(readCertificate(undefined, key).wrong).toContain('cannot be read');
  expect(readCertificate(cert, undefined).wrong).toContain('cannot be read');
  expect(readCertificate('', key).wrong).toContain('no PEM');
  expect(readCertificate(cert.replace('MII', 'MIJ'), key).wrong).toContain('no PEM');
  expect(readCertificate(cert, 'nonsense').wrong).toContain('no PEM');
  expect(readCertificate(cert, pem(client.key)).wrong).toContain('another certificate');
  expect(readAuthorities('nonsense').wrong).toContain('no PEM');
  expect(readAuthorities(pem(certificates.ca)).facts?.subject).toBe('CN=test authority');
  for (const [kind, wrong] of [
    [['rsa:1024'], 'RSA keys of 2048 bits'],
    [['ed25519'], 'the curves'],
    [['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], 'the curves'],
    [['rsa:2048'], undefined],
  ] as const) {
    const [out, keyOut] = [join(folder, 'x.pem'), join(folder, 'x.key')];
    await command('openssl', [
      'req',
      '-x509',
      '-newkey',
      ...kind,
      '-nodes',
      '-subj',
      '/CN=x',
      '-keyout',
      keyOut,
      '-out',
      out,
    ]);
    const read = readCertificate(pem(out), pem(keyOut));
    if (wrong === undefined) expect(read.wrong).toBeUndefined();
    else expect(read.wrong).toContain(wrong);
  }
});

test('a secret comes, is renewed, survives what is broken, and goes', async () => {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  store.apply([{ name: 'a', cert, key }]);
  expect(store.resources().size).toBe(0);
  expect(store.statuses()[0]).toMatchObject({
    served: undefined,
    problem: { message: 'the certificate cannot be read' },
  });
  expect(log).toContain('its listener waits for it');

  copyFileSync(certificates.server.cert, cert);
  copyFileSync(certificates.server.key, key);
  await eventually(() => expect(store.resources().size).toBe(1));
  expect(changes).toBe(1);
  const first = store.resources().get('a')?.version;

  const second = await certificates.issue('second', []);
  copyFileSync(second.key, key);
  await eventually(() => expect(store.statuses()[0]?.problem?.message).toContain('another certificate'));
  expect(store.resources().get('a')?.version).toBe(first);
  copyFileSync(second.cert, cert);
  await eventually(() =>
    expect(store.statuses()[0]).toMatchObject({ problem: undefined, served: { subject: 'CN=second' } }),
  );
  expect(store.resources().get('a')?.version).not.toBe(first);
  expect(changes).toBe(2);

  store.apply([
    { name: 'a', cert, key },
    { name: 'ca', ca: certificates.ca },
  ]);
  expect([...store.resources().keys()]).toEqual(['a', 'ca']);
  store.apply([{ name: 'ca', ca: certificates.ca }]);
  expect([...store.resources().keys()]).toEqual(['ca']);
  writeFileSync(cert, 'nobody looks any more');
  expect(log).not.toContain(pem(second.key).split('\n')[1]);
});
