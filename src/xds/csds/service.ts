import {
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { messageOf } from '../../errors.js';
import type { ClientStatusRequest } from '../../generated/types/envoy/service/status/v3/ClientStatusRequest.js';
import { decode, encode } from '../../protobuf/messages.js';
import type { SnapshotCache } from '../../snapshot/cache.js';
import type { Open, Refusal } from '../guard/gate.js';
import { asIs, toBuffer } from '../services.js';
import { clientConfigs, type StreamView } from './client-status.js';
import { nodeTest, UNSUPPORTED_MATCHER } from './node-matcher.js';

const REQUEST = 'envoy.service.status.v3.ClientStatusRequest';
const RESPONSE = 'envoy.service.status.v3.ClientStatusResponse';

/** The client status discovery service. */
export const CLIENT_STATUS_SERVICE = {
  name: 'envoy.service.status.v3.ClientStatusDiscoveryService',
  request: REQUEST,
  response: RESPONSE,
  methods: [
    { name: 'StreamClientStatus', streaming: true },
    { name: 'FetchClientStatus', streaming: false },
  ],
} as const;

/** An answer is made in one piece, which must not hold up the process. */
const MOST_BYTES = 32 * 1024 * 1024;

/** An encoded `ClientStatusResponse`, or why there is none. */
export type ClientStatusAnswer =
  | { readonly response: Uint8Array; readonly refusal?: undefined }
  | { readonly response?: undefined; readonly refusal: Refusal };

/** Answers an encoded `ClientStatusRequest`. */
export type ClientStatus = (request: Uint8Array) => Promise<ClientStatusAnswer>;

const TOO_LARGE: Refusal = {
  code: status.RESOURCE_EXHAUSTED,
  details: 'the answer is too large: ask for fewer nodes by node_matchers, or exclude_resource_contents',
};

/** The answer while it cannot be told. */
export function unavailable(details: string): ClientStatusAnswer {
  return { refusal: { code: status.UNAVAILABLE, details } };
}

/**
 * Definition and handlers for grpc-js.
 * @param open opens a call, or says why the client may not ask
 */
export function clientStatusService(answer: ClientStatus, open: Open) {
  const definition = Object.fromEntries(
    CLIENT_STATUS_SERVICE.methods.map(({ name, streaming }) => [name, methodDefinition(name, streaming)]),
  );
  const handlers: UntypedServiceImplementation = {
    StreamClientStatus: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
      const opened = open(call, ({ refusal }) => {
        if (refusal !== undefined) call.emit('error', refusal);
      });
      if (opened.refusal !== undefined) {
        call.emit('error', opened.refusal);
        return;
      }
      for (const end of ['end', 'error', 'cancelled']) call.on(end, () => opened.open.close());
      call.on('data', (request: Uint8Array) => {
        // One after the other: answers come in the order of the questions, and those that wait stay on the wire.
        call.pause();
        answer(request).then(
          ({ response, refusal }) => {
            if (refusal === undefined) call.write(response);
            else call.emit('error', refusal);
            call.resume();
          },
          (thrown: unknown) => call.emit('error', failed(thrown)),
        );
      });
      call.on('end', () => call.end());
    },
    FetchClientStatus: (call: ServerUnaryCall<Uint8Array, Uint8Array>, done: sendUnaryData<Uint8Array>) => {
      const opened = open(call, () => undefined);
      if (opened.refusal !== undefined) {
        done(opened.refusal);
        return;
      }
      answer(call.request).then(
        ({ response, refusal }) => {
          opened.open.close();
          if (refusal === undefined) done(null, response);
          else done(refusal);
        },
        (thrown: unknown) => {
          opened.open.close();
          done(failed(thrown));
        },
      );
    },
  };
  return { definition, handlers };
}

function failed(thrown: unknown): Refusal {
  return { code: status.INTERNAL, details: `the status cannot be told: ${messageOf(thrown)}` };
}

/** The answer from streams of this process. */
export function clientStatusOf(
  request: Uint8Array,
  streams: Iterable<StreamView>,
  cache: SnapshotCache,
): ClientStatusAnswer {
  let question: ClientStatusRequest;
  try {
    question = decode(REQUEST, request);
  } catch (thrown) {
    return { refusal: { code: status.INVALID_ARGUMENT, details: messageOf(thrown) } };
  }
  const { node_matchers = [], exclude_resource_contents = false } = question;
  const matches = nodeTest(node_matchers);
  if (matches === undefined)
    return { refusal: { code: status.INVALID_ARGUMENT, details: UNSUPPORTED_MATCHER } };
  const config = clientConfigs(streams, {
    matches,
    withContents: !exclude_resource_contents,
    snapshotOf: (group) => cache.getSnapshot(group),
    mostBytes: MOST_BYTES,
  });
  return config === undefined ? { refusal: TOO_LARGE } : { response: encode(RESPONSE, { config }) };
}

/**
 * The answers of several processes as one. Each client is connected to one of them, so that nothing is to be put
 * together but the lists: encoded messages with repeated fields, one after the other, are one message with all.
 * https://protobuf.dev/programming-guides/encoding/#last-one-wins
 */
export function mergedClientStatus(answers: readonly ClientStatusAnswer[]): ClientStatusAnswer {
  const responses: Uint8Array[] = [];
  for (const answer of answers) {
    if (answer.refusal !== undefined) return answer;
    responses.push(answer.response);
  }
  const bytes = responses.reduce((sum, { length }) => sum + length, 0);
  return bytes > MOST_BYTES ? { refusal: TOO_LARGE } : { response: Buffer.concat(responses) };
}

function methodDefinition(name: string, streaming: boolean): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path: `/${CLIENT_STATUS_SERVICE.name}/${name}`,
    requestStream: streaming,
    responseStream: streaming,
    requestSerialize: toBuffer,
    requestDeserialize: asIs,
    responseSerialize: toBuffer,
    responseDeserialize: asIs,
  };
}
