import { ByteWriter, delimitedLength } from '../../protobuf/byte-writer.js';
import { encodeStruct } from '../../protobuf/struct-bytes.js';
import { lengthDelimited, text } from '../../protobuf/wire.js';
import type { Group } from '../../snapshot/cache.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import type { Steps } from '../../snapshot/steps.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import type { ProxyNode } from '../node.js';
import type { StreamState } from '../stream-state.js';
import type { Question } from './question.js';
import { type ConfigStatus, type ResourceStatus, resourceStatuses } from './resource-status.js';

/** What is told of a stream. */
export interface StreamView {
  readonly node: ProxyNode;
  /** Undefined before the first request. */
  readonly group: Group | undefined;
  readonly peer: string;
  readonly state: StreamState;
}

export interface ClientStatusOptions extends Question {
  readonly snapshotOf: (group: Group) => Snapshot | undefined;
  /** How large the answer may be, everything in it included. */
  readonly mostBytes: number;
}

/** What makes a step: streams that are looked at, resources that are told, bytes that are written. */
const STREAMS = 500;
const RESOURCES = 500;
const BYTES = 512 * 1024;
/** The head of a client, at most. */
const CLIENT_HEAD = 6;

/**
 * The clients that are connected, as an encoded `ClientStatusResponse`: one for all streams of a node over one
 * connection. It is written field by field, so that what is counted is what is sent.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/status/v3/csds.proto
 * @returns undefined where that would be larger than wanted
 */
export function* clientStatus(
  streams: Iterable<StreamView>,
  options: ClientStatusOptions,
): Steps<Uint8Array | undefined> {
  const answer = new ByteWriter();
  const client = new ByteWriter();
  for (const [first, ...others] of yield* clientsOf(streams, options)) {
    client.clear();
    const room = options.mostBytes - answer.length - CLIENT_HEAD;
    const node = encodeNode(first.node);
    if (delimitedLength(node.length) > room) return undefined;
    client.delimited(CLIENT.node, node);
    for (const stream of [first, ...others]) {
      const fits = yield* writeStatuses(client, stream, room, options);
      if (!fits) return undefined;
    }
    answer.delimited(ANSWER_CLIENT, client.bytes);
    yield;
  }
  return answer.bytes;
}

type Client = readonly [StreamView, ...StreamView[]];

function* clientsOf(
  streams: Iterable<StreamView>,
  { matches }: ClientStatusOptions,
): Steps<readonly Client[]> {
  const clients = new Map<string, [StreamView, ...StreamView[]]>();
  let seen = 0;
  for (const stream of [...streams]) {
    seen += 1;
    if (seen % STREAMS === 0) yield;
    const { node, group, peer } = stream;
    if (group === undefined || !matches(node)) continue;
    const key = JSON.stringify([node.id, peer]);
    const client = clients.get(key);
    if (client === undefined) clients.set(key, [stream]);
    else client.push(stream);
  }
  return [...clients.values()];
}

/** @returns whether there was room for all */
function* writeStatuses(
  writer: ByteWriter,
  { group, state }: StreamView,
  room: number,
  { snapshotOf, withContents }: ClientStatusOptions,
): Steps<boolean> {
  const snapshot = group === undefined ? undefined : snapshotOf(group);
  if (snapshot === undefined) return true;
  let resources = 0;
  let bytes = 0;
  for (const type of state.types.values()) {
    // What these hold is for the proxy that asks for it, not for who asks after the proxy: keys, and those of consumers.
    const shown =
      withContents && type.typeUrl !== TYPE_URL.secret && type.typeUrl !== TYPE_URL.extensionConfig;
    for (const status of resourceStatuses(type, snapshot.set(type.typeUrl))) {
      const length = lengthOf(type.typeUrl, status, shown);
      if (writer.length + delimitedLength(length) > room) return false;
      write(writer, type.typeUrl, status, shown, length);
      resources += 1;
      bytes += length;
      if (resources < RESOURCES && bytes < BYTES) continue;
      resources = 0;
      bytes = 0;
      yield;
    }
  }
  return true;
}

// The numbers of the fields, as Envoy's protos have them.
const ANSWER_CLIENT = 1;
const CLIENT = { node: 1, resource: 3 } as const;
const RESOURCE = { typeUrl: 1, name: 2, version: 3, content: 4, status: 6, error: 8 } as const;
const ERROR = { details: 3, version: 4 } as const;
const NODE = { id: 1, cluster: 2, metadata: 3, locality: 4, userAgent: 6, userAgentVersion: 7 } as const;
const LOCALITY = { region: 1, zone: 2, sub_zone: 3 } as const;
const STATUS: Readonly<Record<ConfigStatus, number>> = {
  UNKNOWN: 0,
  SYNCED: 1,
  NOT_SENT: 2,
  STALE: 3,
  ERROR: 4,
};

function lengthOf(typeUrl: string, status: ResourceStatus, shown: boolean): number {
  const { name, resource, rejection } = status;
  let length = delimitedLength(Buffer.byteLength(typeUrl)) + delimitedLength(Buffer.byteLength(name)) + 2;
  if (resource !== undefined) length += delimitedLength(Buffer.byteLength(resource.version));
  if (resource !== undefined && shown) length += delimitedLength(resource.any.length);
  if (rejection !== undefined) length += delimitedLength(errorLength(rejection));
  return length;
}

function errorLength({ message, version }: NonNullable<ResourceStatus['rejection']>): number {
  return delimitedLength(Buffer.byteLength(message)) + delimitedLength(Buffer.byteLength(version));
}

function write(
  writer: ByteWriter,
  typeUrl: string,
  { name, status, resource, rejection }: ResourceStatus,
  shown: boolean,
  length: number,
): void {
  writer.head(CLIENT.resource, length);
  writer.text(RESOURCE.typeUrl, typeUrl);
  writer.text(RESOURCE.name, name);
  if (resource !== undefined) writer.text(RESOURCE.version, resource.version);
  if (resource !== undefined && shown) writer.delimited(RESOURCE.content, resource.any);
  writer.varint(RESOURCE.status, STATUS[status]);
  if (rejection === undefined) return;
  writer.head(RESOURCE.error, errorLength(rejection));
  writer.text(ERROR.details, rejection.message);
  writer.text(ERROR.version, rejection.version);
}

function encodeNode(node: ProxyNode): Buffer {
  const { region, zone, sub_zone } = node.locality;
  const locality = [
    text(LOCALITY.region, region),
    text(LOCALITY.zone, zone),
    text(LOCALITY.sub_zone, sub_zone),
  ];
  return Buffer.concat([
    text(NODE.id, node.id),
    text(NODE.cluster, node.cluster),
    lengthDelimited(NODE.metadata, encodeStruct(node.metadata)),
    lengthDelimited(NODE.locality, Buffer.concat(locality)),
    text(NODE.userAgent, node.userAgent),
    text(NODE.userAgentVersion, node.userAgentVersion),
  ]);
}
