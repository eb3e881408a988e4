import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Admission, type Credentials } from '../../../src/access/admission.js';
import { exposure } from '../../../src/access/exposure.js';
import { UNKNOWN_NODE } from '../../../src/xds/node.js';
import { configOf } from '../../support/configuration.js';

const admissionOf = (options: object) => {
  const { allow, groups } = configOf(options);
  return new Admission({ allow, groups });
};
const node = (id: string, cluster = 'edge') => ({ ...UNKNOWN_NODE, id, cluster });
const withToken = (token: string): Credentials => ({ names: [], token });
const withName = (...names: string[]): Credentials => ({ names, token: undefined });
const NOBODY: Credentials = { names: [], token: undefined };

test('without rules everybody may have everything', () => {
  const permission = admissionOf({}).permission(NOBODY);
  expect(permission?.refusal(node('a'))).toBeUndefined();
  expect(permission?.clientStatus).toBe(true);
});

test('an empty list of rules knows nobody', () => {
  expect(admissionOf({ allow: [] }).permission(withName('a'))).toBeUndefined();
});

test('a certificate is known by one of its names', () => {
  const admission = admissionOf({ allow: [{ san: ['spiffe://x/edge/*', 'a.example'], nodes: 'edge-*' }] });
  for (const name of ['spiffe://x/edge/1', 'a.example']) {
    const permission = admission.permission(withName('other', name));
    expect(permission?.refusal(node('edge-1'))).toBeUndefined();
    expect(permission?.refusal(node('core-1'))).toBe(
      'this client may not ask for the configuration of this node and cluster, which are in group "default"',
    );
    expect(permission?.clientStatus).toBe(false);
  }
  for (const nobody of [withName('b.example', 'xspiffe://x/edge/1'), withToken('a.example'), NOBODY])
    expect(admission.permission(nobody)).toBeUndefined();
});

test('a token is known as a whole', () => {
  const admission = admissionOf({
    allow: [{ token: 'one', client_status: true, nodes: 'a' }, { token: 'two' }],
  });
  expect(admission.permission(withToken('one'))?.clientStatus).toBe(true);
  expect(admission.permission(withToken('two'))?.clientStatus).toBe(true);
  for (const token of ['', 'on', 'onee', 'One'])
    expect(admission.permission(withToken(token))).toBeUndefined();
});

test('a token file is read again when it changes, and lets nobody in while it cannot be read or is empty', () => {
  const folder = mkdtempSync(join(tmpdir(), 'admission-'));
  const token_file = join(folder, 'token');
  const admission = admissionOf({ allow: [{ token_file }] });
  try {
    expect(admission.permission(withToken(''))).toBeUndefined();
    writeFileSync(token_file, '\n');
    expect(admission.permission(withToken(''))).toBeUndefined();
    writeFileSync(token_file, 'secret\n');
    expect(admission.permission(withToken('secret'))).toBeDefined();
    expect(admission.permission(withToken('secret\n'))).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('within a rule everything must hold, of several rules one', () => {
  const admission = admissionOf({
    groups: { canary: { match: { id: 'c-*' } } },
    allow: [
      { token: 't', nodes: ['c-*', 'd-*'], clusters: 'edge', groups: 'canary' },
      { token: 't', clusters: 'core' },
    ],
  });
  const permission = admission.permission(withToken('t'));
  expect(permission?.refusal(node('c-1'))).toBeUndefined();
  expect(permission?.refusal(node('x', 'core'))).toBeUndefined();
  expect(permission?.refusal(node('d-1'))).toContain('in group "default"');
  expect(permission?.refusal(node('c-1', 'other'))).toContain('in group "canary"');
});

test('what a client says of itself is told so that a gRPC status can carry it', () => {
  const permission = admissionOf({ allow: [{ token: 't', nodes: 'a' }] }).permission(withToken('t'));
  const refusal = permission?.refusal(node(`\ud800\n${'x'.repeat(10_000)}`)) ?? '';
  expect(() => encodeURI(refusal)).not.toThrow();
  expect(refusal.length).toBeLessThan(400);
});

test.each([
  [{}, undefined],
  [{ xds: { listen: '[::1]:1' } }, undefined],
  [{ xds: { listen: 'localhost:1' } }, undefined],
  [{ xds: { listen: '0.0.0.0:1' } }, 'without TLS'],
  [{ xds: { listen: 'xds.example:1' }, allow: [] }, 'without TLS'],
  [{ xds: { listen: '[::]:1', tls: { cert: 'c', key: 'k' } } }, 'without "allow"'],
  [
    {
      xds: {
        listen: '[::]:1',
        tls: { cert: 'c', key: 'k', client_ca: 'a', require_client_certificate: false },
      },
    },
    'without "allow"',
  ],
  [{ xds: { listen: '[::]:1', tls: { cert: 'c', key: 'k', client_ca: 'a' } } }, undefined],
  [{ xds: { listen: '[::]:1', tls: { cert: 'c', key: 'k' } }, allow: [{ token: 't' }] }, undefined],
])('%o: open beyond this machine %s', (options, reason) => {
  const told = exposure(configOf(options));
  if (reason === undefined) expect(told).toBeUndefined();
  else expect(told).toContain(reason);
});
