import { afterEach, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { ControlPlane } from '../../support/control-plane.js';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** An Envoy gives up waiting for a resource at its start after this long, milliseconds. */
const GIVES_UP = 15_000;

describe.each(['sotw', 'delta'] as const)('%s', (mode) => {
  test('an Envoy starts at once although its runtime layer does not exist', async () => {
    const plane = await ControlPlane.start();
    ended.push(() => plane.server.stop());
    plane.publish();
    const bootstrap = parseDocument(adsBootstrap({ mode, xdsPort: plane.port }));
    const rtds_config = { ads: {}, resource_api_version: 'V3' };
    bootstrap.setIn(['layered_runtime'], {
      layers: [{ name: 'remote', rtds_layer: { name: 'no-such-layer', rtds_config } }],
    });
    const began = performance.now();
    const envoy = await Envoy.start(bootstrap.toString());
    ended.push(() => envoy.stop());
    expect(performance.now() - began).toBeLessThan(GIVES_UP / 2);
    expect(envoy.process.output).not.toContain('rejected');
  });
});
