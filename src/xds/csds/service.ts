import {
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ClientStatusRequest } from '../../generated/types/envoy/service/status/v3/ClientStatusRequest.js';
import type { ClientStatusResponse } from '../../generated/types/envoy/service/status/v3/ClientStatusResponse.js';
import { decode, encode } from '../../protobuf/messages.js';
import type { SnapshotCache } from '../../snapshot/cache.js';
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

type Refusal = Pick<StatusObject, 'code' | 'details'>;

/** Definition and handlers for grpc-js. */
export function clientStatusService(streams: Iterable<StreamView>, cache: SnapshotCache) {
  const answer = (request: ClientStatusRequest) => answerOf(request, streams, cache);
  const definition = Object.fromEntries(
    CLIENT_STATUS_SERVICE.methods.map(({ name, streaming }) => [name, methodDefinition(name, streaming)]),
  );
  const handlers: UntypedServiceImplementation = {
    StreamClientStatus: (call: ServerDuplexStream<ClientStatusRequest, ClientStatusResponse>) => {
      call.on('data', (request: ClientStatusRequest) => {
        const { response, refusal } = answer(request);
        if (refusal === undefined) call.write(response);
        else call.emit('error', refusal);
      });
      call.on('end', () => call.end());
    },
    FetchClientStatus: (
      call: ServerUnaryCall<ClientStatusRequest, ClientStatusResponse>,
      done: sendUnaryData<ClientStatusResponse>,
    ) => {
      const { response, refusal } = answer(call.request);
      if (refusal === undefined) done(null, response);
      else done(refusal);
    },
  };
  return { definition, handlers };
}

function answerOf(
  { node_matchers = [], exclude_resource_contents = false }: ClientStatusRequest,
  streams: Iterable<StreamView>,
  cache: SnapshotCache,
):
  | { readonly response: ClientStatusResponse; readonly refusal?: undefined }
  | { readonly response?: undefined; readonly refusal: Refusal } {
  const matches = nodeTest(node_matchers);
  if (matches === undefined)
    return { refusal: { code: status.INVALID_ARGUMENT, details: UNSUPPORTED_MATCHER } };
  const config = clientConfigs(streams, {
    matches,
    withContents: !exclude_resource_contents,
    snapshotOf: (group) => cache.getSnapshot(group),
    mostBytes: MOST_BYTES,
  });
  if (config !== undefined) return { response: { config } };
  const details =
    'the answer is too large: ask for fewer nodes by node_matchers, or exclude_resource_contents';
  return { refusal: { code: status.RESOURCE_EXHAUSTED, details } };
}

function methodDefinition(
  name: string,
  streaming: boolean,
): MethodDefinition<ClientStatusRequest, ClientStatusResponse> {
  return {
    path: `/${CLIENT_STATUS_SERVICE.name}/${name}`,
    requestStream: streaming,
    responseStream: streaming,
    requestSerialize: (request) => Buffer.from(encode(REQUEST, request)),
    requestDeserialize: (bytes) => decode(REQUEST, bytes),
    responseSerialize: (response) => Buffer.from(encode(RESPONSE, response)),
    responseDeserialize: (bytes) => decode(RESPONSE, bytes),
  };
}
