import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { envoyBootstrap } from '../../src/cli/bootstrap.js';
import { command } from '../peers/cache.js';
import { Certificates } from '../peers/certificates.js';
import { installEnvoy } from '../peers/envoy.js';

const LOOPBACK = { host: '127.0.0.1', port: 9901 };

test('Envoy accepts the printed bootstrap with TLS and a certificate of its own', {
  timeout: 240_000,
}, async () => {
  const envoy = await installEnvoy();
  const certificates = await Certificates.make();
  const folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  try {
    const { ca, client } = certificates;
    for (const host of ['127.0.0.1', 'signalbox.example']) {
      const file = join(folder, 'envoy.yaml');
      const tls = { tlsCa: ca, tlsCert: client.cert, tlsKey: client.key };
      const xds = { host, port: 18_000 };
      writeFileSync(
        file,
        envoyBootstrap({
          xds,
          admin: LOOPBACK,
          mode: 'delta',
          node: 'n',
          cluster: 'c',
          loadReports: true,
          ...tls,
        }),
      );
      expect(await command(envoy, ['--mode', 'validate', '-c', file])).toContain("' OK");
    }
  } finally {
    rmSync(folder, { recursive: true });
    certificates.remove();
  }
});

test.each([
  ['delta', { host: '127.0.0.1', port: 18_000 }, LOOPBACK],
  ['sotw', { host: '::1', port: 18_000 }, { host: '::1', port: 0 }],
  ['sotw', { host: 'localhost', port: 18_000 }, LOOPBACK],
] as const)('Envoy accepts the printed bootstrap: %s, %o', { timeout: 240_000 }, async (mode, xds, admin) => {
  const envoy = await installEnvoy();
  const folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  try {
    const file = join(folder, 'envoy.yaml');
    const common = { xds, admin, mode, node: 'proxy #1: "a"', cluster: 'edge' };
    for (const loadReports of [true, false]) {
      writeFileSync(file, envoyBootstrap({ ...common, loadReports }));
      const answer = await command(envoy, ['--mode', 'validate', '-c', file]);
      expect(answer).toContain(`configuration '${file}' OK`);
    }
    const place = { region: 'eu', zone: 'eu "1"', subZone: 'rack: 7' };
    for (const loadReports of [true, false]) {
      writeFileSync(file, envoyBootstrap({ ...common, ...place, loadReports }));
      const answer = await command(envoy, ['--mode', 'validate', '-c', file]);
      expect(answer).toContain(`configuration '${file}' OK`);
    }
    writeFileSync(file, envoyBootstrap({ ...common, node: '', loadReports: true }));
    await expect(command(envoy, ['--mode', 'validate', '-c', file])).rejects.toThrow('node');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
