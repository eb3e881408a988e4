import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../../src/protobuf/messages.js';
import { SnapshotCache } from '../../../../src/snapshot/cache.js';
import { clientStatusOf, mergedClientStatus, unavailable } from '../../../../src/xds/csds/service.js';

const RESPONSE = 'envoy.service.status.v3.ClientStatusResponse';
const answer = (...ids: readonly string[]) => ({
  response: encode(RESPONSE, { config: ids.map((id) => ({ node: { id } })) }),
});

test('the clients of all answers, in their order', () => {
  const { response } = mergedClientStatus([answer('a', 'b'), answer(), answer('c')]);
  const { config = [] } = decode(RESPONSE, response ?? Buffer.alloc(0));
  expect(config.map(({ node }) => node?.id)).toEqual(['a', 'b', 'c']);
});

test('nobody to ask is no client', () => {
  expect(mergedClientStatus([])).toEqual({ response: Buffer.alloc(0) });
});

test('one refusal is the refusal of all; what is too large together is refused', () => {
  expect(mergedClientStatus([answer('a'), unavailable('no')])).toEqual(unavailable('no'));
  const large = { response: Buffer.alloc(20 * 1024 * 1024) };
  expect(mergedClientStatus([large, large]).refusal?.code).toBe(status.RESOURCE_EXHAUSTED);
});

test('bytes that are no request are refused', () => {
  const { refusal } = clientStatusOf(Buffer.from([0xff]), [], new SnapshotCache());
  expect(refusal?.code).toBe(status.INVALID_ARGUMENT);
});
