import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { decode, encode } from '../../src/protobuf/messages.js';
import { clusterResource } from '../../src/resources/cluster.js';
import { makeResource, type Resource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { Certificates } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { ControlPlane } from '../support/control-plane.js';
import { exampleNames, readExample } from '../support/examples.js';

const STRICT = {
  layers: [{ name: 'strict', static_layer: { 'envoy.features.fail_on_any_deprecated_feature': true } }],
};

let files: Certificates;
let plane: ControlPlane;
let envoy: Envoy;
const rejections: string[] = [];

beforeAll(async () => {
  files = await Certificates.make();
  plane = await ControlPlane.start({
    callbacks: {
      requestReceived: (_, { error_detail }) => {
        if (error_detail) rejections.push(String(error_detail.message));
        return undefined;
      },
    },
  });
  const bootstrap = z
    .record(z.string(), z.unknown())
    .parse(parse(adsBootstrap({ mode: 'delta', xdsPort: plane.port })));
  envoy = await Envoy.start(stringify({ ...bootstrap, layered_runtime: STRICT }), { waitFor: 'admin' });
});
afterAll(async () => {
  await envoy?.stop();
  await plane?.server.stop();
  files?.remove();
});

/** Publishes, and waits until Envoy has answered for every type that it asks for. @returns what it rejects */
async function served(resources: readonly Resource[]): Promise<readonly string[]> {
  rejections.length = 0;
  plane.publish(...resources.map(onAnyPort));
  await eventually(async () => {
    const [proxy] = plane.cache.status();
    const asked = [...(proxy?.types ?? [])].filter(([, { subscribed }]) => subscribed.length > 0);
    const current = plane.cache.getSnapshot('default');
    const waiting = asked.filter(
      ([typeUrl, { acknowledged, rejected }]) =>
        rejected.length === 0 && acknowledged !== current?.set(typeUrl).version,
    );
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(waiting).toEqual([]);
  }, 20_000);
  return [...rejections];
}

/** Several listeners of several examples have one port. */
function onAnyPort(resource: Resource): Resource {
  const { typeUrl, name, body, references } = resource;
  if (typeUrl !== TYPE_URL.listener) return resource;
  const listener = decode('envoy.config.listener.v3.Listener', body);
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  return makeResource(
    typeUrl,
    name,
    encode('envoy.config.listener.v3.Listener', { ...listener, address }),
    references,
  );
}

/** The example with files that are there. */
function withFiles(text: string): string {
  return text
    .replaceAll('/etc/envoy/ca.pem', files.ca)
    .replaceAll('/etc/envoy/client.pem', files.client.cert)
    .replaceAll('/etc/envoy/client.key', files.client.key)
    .replaceAll('/etc/signalbox/clients.pem', files.ca)
    .replaceAll(/\/etc\/signalbox\/\w+\.pem/g, files.server.cert)
    .replaceAll(/\/etc\/signalbox\/\w+\.key/g, files.server.key);
}

test.each(exampleNames())('an Envoy that refuses deprecated fields takes docs/examples/%s', async (name) => {
  expect(await served(readExample(name, withFiles).resources)).toEqual([]);
});

test('it refuses one', async () => {
  const cluster = clusterResource('old', [], {
    connectTimeout: 1_000,
    lbPolicy: 'ROUND_ROBIN',
    envoy: [{ respect_dns_ttl: true }],
  });
  expect((await served([cluster])).join()).toMatch(/deprecated/);
});
