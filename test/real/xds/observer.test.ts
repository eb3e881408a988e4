import { expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { XdsCounts } from '../../../src/telemetry/metrics/xds-counts.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, connect } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';
import { aResource } from '../../support/resources.js';

test('responses, bytes, acknowledgements and refusals are counted once each', async () => {
  const counts = new XdsCounts();
  const plane = await ControlPlane.start({ observer: counts });
  const client = connect(plane.address);
  const clusters = () => counts.rows().find(([type]) => type === 'CDS')?.[1];
  try {
    plane.publish(aResource('a'));
    const stream = new AdsStream(client, 'n');
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.responses).toHaveLength(1));
    expect(clusters()).toMatchObject({ responses: 1, acks: 0, nacks: 0 });
    stream.answer(TYPE_URL.cluster, []);
    await eventually(() => expect(clusters()).toMatchObject({ responses: 1, acks: 1, nacks: 0 }));
    // The same answer once more accepts nothing anew.
    stream.answer(TYPE_URL.cluster, []);
    plane.publish(aResource('a', 'changed'));
    await eventually(() => expect(stream.responses).toHaveLength(2));
    stream.answer(TYPE_URL.cluster, [], 'no such thing');
    await eventually(() => expect(clusters()).toMatchObject({ responses: 2, acks: 1, nacks: 1 }));
    expect(clusters()?.bytes).toBeGreaterThan(100);
  } finally {
    client.close();
    await plane.server.stop();
  }
});
