import { type Client, status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { afterEach, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, connect } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';

const CSDS = 'envoy.service.status.v3.ClientStatusDiscoveryService';
let plane: ControlPlane;
let client: Client;
afterEach(async () => {
  client.close();
  await plane.server.stop();
});

const start = async (reflection: boolean) => {
  plane = await ControlPlane.start({ reflection });
  client = connect(plane.address);
};

/** grpc/reflection/v1/reflection.proto, as far as it is needed here. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  package grpc.reflection.v1;
  message ServerReflectionRequest {
    oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; }
  }
  message ServerReflectionResponse {
    FileDescriptorResponse file_descriptor_response = 4;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
  message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ServiceResponse { string name = 1; }
  message ErrorResponse { int32 error_code = 1; string error_message = 2; }
`);
const REQUEST = root.lookupType('grpc.reflection.v1.ServerReflectionRequest');
const RESPONSE = root.lookupType('grpc.reflection.v1.ServerReflectionResponse');

interface Answer {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: Uint8Array[] };
  readonly listServicesResponse?: { readonly service: { readonly name: string }[] };
  readonly errorResponse?: { readonly errorCode: number };
}

async function ask(question: Readonly<Record<string, string>>, version = 'v1'): Promise<Answer> {
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (request: object) => Buffer.from(REQUEST.encode(REQUEST.fromObject(request)).finish()),
    (bytes: Buffer) => RESPONSE.toObject(RESPONSE.decode(bytes)) as Answer,
  );
  return await new Promise((resolve, reject) => {
    call.on('error', reject);
    call.on('data', (answer: Answer) => {
      call.end();
      resolve(answer);
    });
    call.write(question);
  });
}

test.each(['v1', 'v1alpha'])('%s lists the services', async (version) => {
  await start(true);
  const { listServicesResponse } = await ask({ listServices: '*' }, version);
  const names = listServicesResponse?.service.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      CSDS,
      'envoy.service.discovery.v3.AggregatedDiscoveryService',
      'envoy.service.cluster.v3.ClusterDiscoveryService',
      'grpc.health.v1.Health',
    ]),
  );
});

test('a client can call what it knows by reflection alone', async () => {
  await start(true);
  plane.publish();
  const { fileDescriptorResponse } = await ask({ fileContainingSymbol: CSDS });
  const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
  const set = descriptor.FileDescriptorSet.encode(
    descriptor.FileDescriptorSet.create({
      file: files.map((file) => descriptor.FileDescriptorProto.decode(file)),
    }),
  ).finish();
  const known = loadFileDescriptorSetFromBuffer(Buffer.from(set), { keepCase: true })[CSDS];
  const fetch = known !== undefined && 'FetchClientStatus' in known ? known.FetchClientStatus : undefined;
  if (typeof fetch !== 'object') throw new Error(`no ${CSDS} in what reflection tells`);
  const { path, requestSerialize, responseDeserialize } = fetch;
  const stream = new AdsStream(client, 'n');
  stream.ask(TYPE_URL.cluster);
  await eventually(() => expect(stream.last(TYPE_URL.cluster)).toBeDefined());
  const matchers = { node_matchers: [{ node_id: { exact: 'n' } }] };
  const answer = await new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, matchers, (error, value) =>
      error === null ? resolve(value) : reject(error),
    );
  });
  expect(answer).toMatchObject({ config: [{ node: { id: 'n' } }] });
});

test('every file names what it imports, and all imports can be had', async () => {
  await start(true);
  const seen = new Set<string>();
  const visit = async (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    const { fileDescriptorResponse, errorResponse } = await ask({ fileByFilename: name });
    expect({ name, errorResponse }).toEqual({ name, errorResponse: undefined });
    const [file] = fileDescriptorResponse?.fileDescriptorProto ?? [];
    const { dependency = [] } = descriptor.FileDescriptorProto.decode(file ?? new Uint8Array()).toJSON();
    for (const imported of dependency as string[]) await visit(imported);
  };
  await visit('envoy/service/status/v3.proto');
  expect(seen).toContain('envoy/config/core/v3.proto');
  expect(seen).toContain('google/protobuf.proto');
});

test('a symbol that there is not is not found', async () => {
  await start(true);
  const { errorResponse } = await ask({ fileContainingSymbol: 'acme.Nothing' });
  expect(errorResponse?.errorCode).toBe(status.NOT_FOUND);
});

test('without the option there is no reflection', async () => {
  await start(false);
  await expect(ask({ listServices: '*' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});
