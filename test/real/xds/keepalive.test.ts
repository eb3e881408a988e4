import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, connect } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';

test('a proxy that is cut off without a word is dropped', async () => {
  const plane = await ControlPlane.start({ keepalive: { time: 100, timeout: 200 } });
  plane.publish();
  const sockets: Socket[] = [];
  const relay = createServer((socket) => {
    const onward = connectTcp(plane.port, '127.0.0.1');
    sockets.push(socket, onward);
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = connect(`127.0.0.1:${port}`);
  try {
    const stream = new AdsStream(client, 'n');
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.last(TYPE_URL.cluster)).toBeDefined());
    expect(plane.server.streams.size).toBe(1);
    // From here on the network loses everything.
    for (const socket of sockets) socket.unpipe().pause();
    await eventually(() => expect(plane.server.streams.size).toBe(0));
  } finally {
    client.close();
    relay.close();
    for (const socket of sockets) socket.destroy();
    await plane.server.stop();
  }
});
