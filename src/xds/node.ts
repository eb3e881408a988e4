import protobuf from 'protobufjs';
import { decode } from '../protobuf/messages.js';
import { plainStruct } from '../protobuf/struct.js';

/** Who a proxy says it is. What an Envoy lists of its extensions (60 KB) is stepped over. */
export interface ProxyNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly locality: { readonly region: string; readonly zone: string; readonly sub_zone: string };
  readonly userAgent: string;
  readonly userAgentVersion: string;
}

export const UNKNOWN_NODE: ProxyNode = {
  id: '',
  cluster: '',
  metadata: {},
  locality: { region: '', zone: '', sub_zone: '' },
  userAgent: '',
  userAgentVersion: '',
};

/** Bytes. An Envoy's has some 60 KB. */
const LARGEST_NODE = 1024 * 1024;

/**
 * Reads an encoded `envoy.config.core.v3.Node`.
 * @throws Error for bytes that are none, or too many
 */
export function readNode(bytes: Uint8Array): ProxyNode {
  if (bytes.length > LARGEST_NODE) throw new Error(`a node may have ${LARGEST_NODE} bytes`);
  const reader = protobuf.Reader.create(bytes);
  let node: ProxyNode = UNKNOWN_NODE;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag >>> 3) {
      case 1:
        node = { ...node, id: reader.string() };
        break;
      case 2:
        node = { ...node, cluster: reader.string() };
        break;
      case 3:
        node = { ...node, metadata: plainStruct(decode('google.protobuf.Struct', reader.bytes())) };
        break;
      case 4:
        node = { ...node, locality: readLocality(reader.bytes()) };
        break;
      case 6:
        node = { ...node, userAgent: reader.string() };
        break;
      case 7:
        node = { ...node, userAgentVersion: reader.string() };
        break;
      case 8:
        node = { ...node, userAgentVersion: readBuildVersion(reader.bytes()) };
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return node;
}

function readLocality(bytes: Uint8Array): ProxyNode['locality'] {
  const [region, zone, sub_zone] = stringFields(bytes, 3);
  return { region: region ?? '', zone: zone ?? '', sub_zone: sub_zone ?? '' };
}

function readBuildVersion(bytes: Uint8Array): string {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== 1) {
      reader.skipType(tag & 7);
      continue;
    }
    const version = protobuf.Reader.create(reader.bytes());
    const parts = [0, 0, 0];
    while (version.pos < version.len) {
      const field = version.uint32() >>> 3;
      parts[field - 1] = version.uint32();
    }
    return parts.join('.');
  }
  return '';
}

function stringFields(bytes: Uint8Array, count: number): (string | undefined)[] {
  const reader = protobuf.Reader.create(bytes);
  const values: (string | undefined)[] = new Array(count).fill(undefined);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 <= count && (tag & 7) === 2) values[(tag >>> 3) - 1] = reader.string();
    else reader.skipType(tag & 7);
  }
  return values;
}
