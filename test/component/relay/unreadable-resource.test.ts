import { afterEach, expect, test, vi } from 'vitest';
import { configDump } from '../../../src/admin/config-dump.js';
import { lengthDelimited, text } from '../../../src/protobuf/wire.js';
import { followUpstream } from '../../../src/relay/delta-stream.js';
import { Upstream } from '../../../src/relay/upstream.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import type { ResourceChanges } from '../../../src/snapshot/resource-set.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { atOnce } from '../../../src/snapshot/steps.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { ControlPlane } from '../../support/control-plane.js';

const stop = new AbortController();
afterEach(() => stop.abort());

/** A cluster whose metadata are a Struct of so many levels. */
function clusterOf(name: string, levels: number) {
  let struct: Buffer = Buffer.alloc(0);
  for (let level = 1; level < levels; level += 1)
    struct = lengthDelimited(
      1,
      Buffer.concat([text(1, 'a'), lengthDelimited(2, lengthDelimited(5, struct))]),
    );
  const metadata = lengthDelimited(1, Buffer.concat([text(1, 'x'), lengthDelimited(2, struct)]));
  return makeResource(TYPE_URL.cluster, name, Buffer.concat([text(1, name), lengthDelimited(25, metadata)]));
}

test('a resource that cannot be read is relayed, and shown with the reason; the others are followed', async () => {
  const plane = await ControlPlane.start();
  try {
    const bad = [clusterOf('deep', 200), makeResource(TYPE_URL.listener, 'broken', Buffer.from([0xff]))];
    plane.publish(clusterOf('good', 2), ...bad);
    const upstream = new Upstream({ address: plane.address, node: { id: 'relay', cluster: '' } });
    let relayed = Snapshot.EMPTY;
    const changed = vi.fn((typeUrl: string, changes: ResourceChanges) => {
      relayed = relayed.with(new Map([[typeUrl, changes]]));
    });
    const ended = followUpstream(upstream, Snapshot.EMPTY, { changed }, stop.signal);
    const has = (typeUrl: string, name: string) => relayed.set(typeUrl).get(name) !== undefined;
    await vi.waitUntil(() => has(TYPE_URL.cluster, 'deep') && has(TYPE_URL.listener, 'broken'));
    expect(has(TYPE_URL.cluster, 'good')).toBe(true);
    plane.publish(clusterOf('good', 2), clusterOf('later', 1), ...bad);
    await vi.waitUntil(() => has(TYPE_URL.cluster, 'later'));
    const dump = Buffer.from(atOnce(configDump(relayed))).toString();
    expect(dump).toContain('"name":"good"');
    expect(dump.match(/"unreadable":"[^"]+"/g)).toHaveLength(2);
    stop.abort();
    expect(await ended).toBe('ended');
  } finally {
    await plane.server.stop();
  }
});
