import { expect, test } from 'vitest';
import { decode } from '../../../src/protobuf/messages.js';
import { Tally } from '../../attacks/tally.js';
import { FRAME, frame, headerBlock, readFrames } from '../../attacks/wire/frames.js';
import { framed } from '../../attacks/wire/grpc.js';
import { deepStruct, deltaRequest, node, sotwRequest, wideStruct } from '../../attacks/wire/messages.js';

test('frames are read as they were written, a part of one stays for later', () => {
  const ping = frame(FRAME.ping, 0, 0, Buffer.from('12345678'));
  const { frames, rest } = readFrames(Buffer.concat([ping, ping, ping.subarray(0, 5)]));
  expect(frames.map(({ type, payload }) => [type, String(payload)])).toEqual([
    [FRAME.ping, '12345678'],
    [FRAME.ping, '12345678'],
  ]);
  expect(rest).toEqual(ping.subarray(0, 5));
});

test('lengths in headers are those of RFC 7541', () => {
  expect(headerBlock([['a', 'b']]).toString('hex')).toBe('0001610162');
  // 1337 with a prefix of 7 bits: 127, then 1210 in groups of 7 bits.
  expect(
    headerBlock([['a', 'b'.repeat(1_337)]])
      .subarray(3, 6)
      .toString('hex'),
  ).toBe('7fba09');
});

test('messages are those of the protos', () => {
  const sender = node({ id: 'n', metadata: deepStruct(2) });
  const fields = { node: sender, typeUrl: 't', subscribe: ['a', 'b'], nonce: '1', error: 'e' };
  const delta = decode(
    'envoy.service.discovery.v3.DeltaDiscoveryRequest',
    deltaRequest({ ...fields, known: [['c', Buffer.from('7')]] }),
  );
  expect(delta).toMatchObject({
    node: { id: 'n', cluster: 'attack' },
    type_url: 't',
    resource_names_subscribe: ['a', 'b'],
    initial_resource_versions: { c: '7' },
    response_nonce: '1',
    error_detail: { code: 3, message: 'e' },
  });
  expect(delta.node?.metadata).toMatchObject({ fields: { a: { structValue: { fields: { a: {} } } } } });
  const sotw = decode('envoy.service.discovery.v3.DiscoveryRequest', sotwRequest(fields));
  expect(sotw).toMatchObject({
    node: { id: 'n' },
    type_url: 't',
    resource_names: ['a', 'b'],
    response_nonce: '1',
    error_detail: { message: 'e' },
  });
  expect(decode('google.protobuf.Struct', wideStruct(3))).toMatchObject({
    fields: { text: { stringValue: 'mmm' } },
  });
});

test('a gRPC message says its length', () => {
  expect(framed(Buffer.from('abc'), 1).toString('hex')).toBe('0100000003616263');
});

test('a tally tells the most frequent results', () => {
  const tally = new Tally();
  for (const result of ['a', 'OK', 'OK', 'b', 'c', 'd']) tally.add(result);
  expect(String(tally)).toBe('2 × OK, 1 × a, 1 × b');
  expect([tally.all, tally.of('OK'), String(new Tally())]).toEqual([6, 2, 'nothing']);
});
