import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resourceFromJson } from '../../../src/resources/given.js';
import { certificateSecret } from '../../../src/resources/listener/secret.js';
import type { Resource } from '../../../src/snapshot/resource.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Certificates } from '../../peers/certificates.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { ControlPlane } from '../../support/control-plane.js';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});
let certificates: Certificates;
beforeAll(async () => {
  certificates = await Certificates.make();
});
afterAll(() => certificates?.remove());

/** A TLS listener whose certificate comes by SDS. Another time to wait for it makes another source of it. */
function tlsListener(port: number, initial_fetch_timeout: string): Resource {
  const sds_config = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout };
  return resourceFromJson(TYPE_URL.listener, {
    name: 'secure',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'secure',
              route_config: { name: 'own', virtual_hosts: [] },
              http_filters: [
                {
                  name: 'router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
        transport_socket: {
          name: 'tls',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
            common_tls_context: {
              tls_certificate_sds_secret_configs: [{ name: 'certificate', sds_config }],
            },
          },
        },
      },
    ],
  });
}

async function shakesHands(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('secureConnect', () => done(true));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
  });
}

describe.each(['sotw', 'delta'] as const)('%s', (mode) => {
  test('a listener whose source of certificates changed goes on to answer TLS', async () => {
    const plane = await ControlPlane.start();
    ended.push(() => plane.server.stop());
    const port = await freePort();
    const { cert, key } = certificates.server;
    const secret = certificateSecret('certificate', readFileSync(cert, 'utf8'), readFileSync(key, 'utf8'));
    plane.publish(tlsListener(port, '600s'), secret);
    const envoy = await Envoy.start(adsBootstrap({ mode, xdsPort: plane.port }));
    ended.push(() => envoy.stop());
    await eventually(async () => expect(await shakesHands(port)).toBe(true));
    const before = (await envoy.stats('listener_manager.listener_modified')).get(
      'listener_manager.listener_modified',
    );
    plane.publish(tlsListener(port, '601s'), secret);
    await eventually(async () => {
      expect(
        (await envoy.stats('listener_manager.listener_modified')).get('listener_manager.listener_modified'),
      ).toBe(Number(before) + 1);
      expect(
        (await envoy.stats('listener_manager.total_listeners_warming')).get(
          'listener_manager.total_listeners_warming',
        ),
      ).toBe(0);
    });
    expect(await shakesHands(port)).toBe(true);
  });
});
