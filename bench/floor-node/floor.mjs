// Not a control plane: the least that a grpc-js server can do to satisfy the load generator, which is what Node and
// grpc-js cost by themselves. Responses are Buffers made once for all streams; no versions, no subscriptions.
// node floor.mjs delta|sotw SERVICES ENDPOINTS GRPC_ADDRESS HTTP_PORT
import http from 'node:http';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  bytes,
  configType,
  encodeResources,
  join,
  LOAD_ASSIGNMENT,
  loadAssignment,
  serviceName,
} from './wire.mjs';

const [variant, services, endpoints, grpcAddress, httpPort] = process.argv.slice(2);
const delta = variant === 'delta';
const method = delta ? 'DeltaAggregatedResources' : 'StreamAggregatedResources';
const [typeUrlField, nonceField] = delta ? [2, 6] : [4, 5];

/** @param resources pairs of a name and an encoded message */
function response(typeUrl, nonce, resources) {
  const fields = resources.map(([name, message]) => {
    const any = join(bytes(1, typeUrl), bytes(2, message));
    return bytes(2, delta ? join(bytes(1, nonce), bytes(2, any), bytes(3, name)) : any);
  });
  return join(bytes(1, nonce), ...fields, bytes(4, typeUrl), bytes(5, nonce));
}

/** The type URL, and whether there is a nonce; the rest is stepped over. */
function readRequest(request) {
  let place = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = request[place++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  let typeUrl = '';
  let answers = false;
  while (place < request.length) {
    const tag = varint();
    if ((tag & 7) !== 2) {
      varint();
      continue;
    }
    const length = varint();
    if (tag >>> 3 === typeUrlField) typeUrl = request.latin1Slice(place, place + length);
    else if (tag >>> 3 === nonceField) answers = true;
    place += length;
  }
  return { typeUrl, answers };
}

const first = new Map();
for (const [type, resources] of encodeResources(Number(services), Number(endpoints))) {
  first.set(configType(type), response(configType(type), '1', resources));
}
const asIs = (value) => value;
const streams = new Set();
const server = new Server({ 'grpc.max_receive_message_length': -1 });
server.addService(
  {
    stream: {
      path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`,
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: readRequest,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  {
    stream: (call) => {
      call.on('data', ({ typeUrl, answers }) => {
        if (answers) return;
        call.write(first.get(typeUrl));
        if (typeUrl === configType(LOAD_ASSIGNMENT)) streams.add(call);
      });
      const forget = () => streams.delete(call);
      call.on('end', () => {
        forget();
        call.end();
      });
      call.on('error', forget);
      call.on('cancelled', forget);
    },
  },
);

let version = 1;
const control = http.createServer((request, answer) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/update') {
    version += 1;
    const service = Number(searchParams.get('service'));
    const assignment = loadAssignment(service, Number(endpoints), Number(searchParams.get('weight')));
    const update = response(configType(LOAD_ASSIGNMENT), String(version), [
      [serviceName(service), assignment],
    ]);
    for (const stream of streams) stream.write(update);
  }
  answer.end();
});
server.bindAsync(grpcAddress, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  control.listen(Number(httpPort), '127.0.0.1');
});
