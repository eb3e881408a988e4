import protobuf from 'protobufjs';
import { SignalboxError } from '../errors.js';
import { skipField } from '../protobuf/skip-field.js';
import { readStruct } from '../protobuf/struct-bytes.js';

/**
 * Who a proxy says it is. What an Envoy lists of its extensions (60 KB) is stepped over. Its id, its cluster and each
 * part of its locality have at most 1 KiB, its metadata 256 KiB, 10,000 values and 32 levels: a node with more is
 * refused. Once the group of a proxy is known, 8 KiB of its metadata are kept.
 */
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
/** An Envoy lists about a thousand extensions, each a field. */
const MOST_FIELDS = 20_000;
/** Of an id, a cluster and the parts of a locality, bytes. */
const LONGEST_NAME = 1_024;
const LARGEST_METADATA = 256 * 1024;
const METADATA_BOUNDS = { nesting: 32, values: 10_000 };
/** What is kept of the name and the version of a proxy's program, bytes. */
const LONGEST_AGENT = 256;

/**
 * Reads an encoded `envoy.config.core.v3.Node`.
 * @throws SignalboxError `request_too_large` for one beyond the bounds of {@link ProxyNode}
 * @throws Error for bytes that are none
 */
export function readNode(bytes: Uint8Array): ProxyNode {
  if (bytes.length > LARGEST_NODE) throw tooLarge(`a node may have ${LARGEST_NODE} bytes`);
  const reader = protobuf.Reader.create(bytes);
  let node: ProxyNode = UNKNOWN_NODE;
  for (let fields = 1; reader.pos < reader.len; fields += 1) {
    if (fields > MOST_FIELDS) throw tooLarge(`a node may have ${MOST_FIELDS} fields`);
    const tag = reader.uint32();
    switch (tag >>> 3) {
      case 1:
        node = { ...node, id: readName(reader.bytes(), 'id of a node') };
        break;
      case 2:
        node = { ...node, cluster: readName(reader.bytes(), 'cluster of a node') };
        break;
      case 3:
        node = { ...node, metadata: readMetadata(reader.bytes()) };
        break;
      case 4:
        node = { ...node, locality: readLocality(reader.bytes()) };
        break;
      case 6:
        node = { ...node, userAgent: readAgent(reader.bytes()) };
        break;
      case 7:
        node = { ...node, userAgentVersion: readAgent(reader.bytes()) };
        break;
      case 8:
        node = { ...node, userAgentVersion: readBuildVersion(reader.bytes()) };
        break;
      default:
        skipField(reader, tag);
    }
  }
  return node;
}

function tooLarge(details: string): SignalboxError {
  return new SignalboxError('request_too_large', details);
}

/** Bytes that are no UTF-8 become replacement characters, so that the text can be written again. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function readName(bytes: Uint8Array, what: string): string {
  if (bytes.length > LONGEST_NAME) throw tooLarge(`the ${what} may have ${LONGEST_NAME} bytes`);
  return textOf(bytes);
}

function readAgent(bytes: Uint8Array): string {
  return textOf(bytes.subarray(0, LONGEST_AGENT));
}

function readMetadata(bytes: Uint8Array): ProxyNode['metadata'] {
  if (bytes.length > LARGEST_METADATA)
    throw tooLarge(`the metadata of a node may have ${LARGEST_METADATA} bytes`);
  return readStruct(bytes, METADATA_BOUNDS);
}

function readLocality(bytes: Uint8Array): ProxyNode['locality'] {
  const reader = protobuf.Reader.create(bytes);
  const parts = ['', '', ''];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field >= 1 && field <= parts.length && (tag & 7) === 2)
      parts[field - 1] = readName(reader.bytes(), 'locality of a node');
    else skipField(reader, tag);
  }
  const [region = '', zone = '', sub_zone = ''] = parts;
  return { region, zone, sub_zone };
}

function readBuildVersion(bytes: Uint8Array): string {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 !== 1) {
      skipField(reader, tag);
      continue;
    }
    const version = protobuf.Reader.create(reader.bytes());
    const parts = [0, 0, 0];
    while (version.pos < version.len) {
      const tag = version.uint32();
      const field = tag >>> 3;
      if (field >= 1 && field <= parts.length && (tag & 7) === 0) parts[field - 1] = version.uint32();
      else skipField(version, tag);
    }
    return parts.join('.');
  }
  return '';
}
