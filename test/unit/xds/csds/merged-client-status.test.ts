import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../../src/protobuf/messages.js';
import { SnapshotCache } from '../../../../src/snapshot/cache.js';
import { atOnce } from '../../../../src/snapshot/steps.js';
import {
  type ClientStatusAnswer,
  clientStatusOf,
  MOST_ANSWER_BYTES,
  mergedClientStatus,
  unavailable,
} from '../../../../src/xds/csds/answer.js';

const RESPONSE = 'envoy.service.status.v3.ClientStatusResponse';
const answer = (...ids: readonly string[]): ClientStatusAnswer => ({
  response: encode(RESPONSE, { config: ids.map((id) => ({ node: { id } })) }),
  milliseconds: 1,
});
const merged = async (...answers: readonly (ClientStatusAnswer | undefined)[]) =>
  await mergedClientStatus(answers.map((one) => async () => one));

test('the clients of all answers, in their order', async () => {
  const { response, milliseconds } = await merged(answer('a', 'b'), answer(), undefined, answer('c'));
  const { config = [] } = decode(RESPONSE, response ?? Buffer.alloc(0));
  expect(config.map(({ node }) => node?.id)).toEqual(['a', 'b', 'c']);
  expect(milliseconds).toBe(3);
});

test('nobody to ask is no client', async () => {
  expect(await merged()).toEqual({ response: Buffer.alloc(0), milliseconds: 0 });
});

test('one refusal is the refusal of all; what is too large together is refused', async () => {
  expect(await merged(answer('a'), unavailable('no'))).toEqual({ ...unavailable('no'), milliseconds: 1 });
  const large = { response: Buffer.alloc(20 * 1024 * 1024), milliseconds: 1 };
  expect((await merged(large, large)).refusal?.code).toBe(status.RESOURCE_EXHAUSTED);
});

test('each process is asked for what there is room for yet, when the one before has answered', async () => {
  const asked: number[] = [];
  let open = 0;
  const ask = async (mostBytes: number): Promise<ClientStatusAnswer> => {
    asked.push(mostBytes);
    open += 1;
    expect(open).toBe(1);
    await Promise.resolve();
    open -= 1;
    return { response: Buffer.alloc(10), milliseconds: 0 };
  };
  await mergedClientStatus([ask, ask, ask]);
  expect(asked).toEqual([0, 10, 20].map((bytes) => MOST_ANSWER_BYTES - bytes));
});

test.each([
  [Buffer.from([0xff]), status.INVALID_ARGUMENT],
  [Buffer.alloc(64 * 1024 + 1), status.RESOURCE_EXHAUSTED],
  [
    encode('envoy.service.status.v3.ClientStatusRequest', {
      node_matchers: Array.from({ length: 101 }, () => ({ node_id: { exact: 'a' } })),
    }),
    status.RESOURCE_EXHAUSTED,
  ],
  [
    encode('envoy.service.status.v3.ClientStatusRequest', {
      node_matchers: [
        {
          node_metadatas: Array.from({ length: 100 }, () => ({
            path: [{ key: 'a' }],
            value: { present_match: true },
          })),
        },
      ],
    }),
    status.RESOURCE_EXHAUSTED,
  ],
])('a question that is not answered: %#', (request, code) => {
  expect(atOnce(clientStatusOf(request, [], new SnapshotCache())).refusal?.code).toBe(code);
});
