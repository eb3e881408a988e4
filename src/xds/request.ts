import protobuf from 'protobufjs';
import { NameSet, type NameTable } from './name-set.js';
import { type ProxyNode, readNode } from './node.js';
import { RequestMemory } from './request-memory.js';
import type { Variant } from './response.js';

export interface RequestError {
  readonly code: number;
  readonly message: string;
}

interface CommonRequest {
  readonly typeUrl: string;
  /** The nonce of the response that this request acknowledges or rejects; empty for none. */
  readonly nonce: string;
  /** Says that the response was rejected. */
  readonly error: RequestError | undefined;
}

export interface SotwRequest extends CommonRequest {
  readonly versionInfo: string;
  readonly names: NameSet;
}

/** The versions that a proxy says it has, by name. Equal bytes give one object. */
export type KnownVersions = ReadonlyMap<string, string>;

export interface DeltaRequest extends CommonRequest {
  readonly subscribe: NameSet;
  readonly unsubscribe: NameSet;
  readonly known: KnownVersions;
}

const NOTHING_KNOWN: KnownVersions = new Map();
const LENGTH_DELIMITED = 2;

/**
 * Decodes requests. Lists of names and of versions that came before, byte by byte, are not decoded again: a SotW
 * proxy repeats all its names in every ACK, and a thousand proxies after a restart send the same lists.
 */
export class RequestReader {
  readonly #known = new Map<string, KnownVersions>();
  readonly #typeUrls: { readonly bytes: Buffer; readonly text: string }[] = [];
  #lastKnown: readonly { readonly bytes: Uint8Array; readonly known: KnownVersions }[] = [];
  #lastNames: { readonly bytes: Uint8Array; readonly names: NameSet } | undefined;
  readonly #sotw = new RequestMemory<SotwRequest>();
  readonly #delta = new RequestMemory<DeltaRequest>();

  /** Whether the request that was read last tells of its node, some 60 KB that no other proxy says. */
  #tellsNode = false;

  constructor(private readonly table: NameTable) {}

  /**
   * Who sent a request; undefined where it does not say, as a proxy may after its first request.
   * @throws Error for bytes that are no request
   */
  node(variant: Variant, bytes: Uint8Array): ProxyNode | undefined {
    const wanted = variant === 'delta' ? 1 : 2;
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 === wanted) return readNode(reader.bytes());
      reader.skipType(tag & 7);
    }
    return undefined;
  }

  /** @throws Error for bytes that are no DiscoveryRequest */
  sotw(bytes: Uint8Array): SotwRequest {
    return this.#sotw.read(
      bytes,
      () => this.#readSotw(bytes),
      () => this.#tellsNode,
    );
  }

  /** @throws Error for bytes that are no DeltaDiscoveryRequest */
  delta(bytes: Uint8Array): DeltaRequest {
    return this.#delta.read(
      bytes,
      () => this.#readDelta(bytes),
      () => this.#tellsNode,
    );
  }

  #readSotw(bytes: Uint8Array): SotwRequest {
    const reader = protobuf.Reader.create(bytes);
    const request = { ...EMPTY, versionInfo: '', names: NameSet.EMPTY };
    this.#tellsNode = false;
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      switch (tag >>> 3) {
        case 1:
          request.versionInfo = reader.string();
          break;
        case 2:
          this.#tellsNode = true;
          reader.skipType(tag & 7);
          break;
        case 3:
          request.names = this.#names(reader, bytes, 3, request.names);
          break;
        case 4:
          request.typeUrl = this.#typeUrl(reader, bytes);
          break;
        case 5:
          request.nonce = reader.string();
          break;
        case 6:
          request.error = readStatus(reader.bytes());
          break;
        default:
          reader.skipType(tag & 7);
      }
    }
    return request;
  }

  #readDelta(bytes: Uint8Array): DeltaRequest {
    const reader = protobuf.Reader.create(bytes);
    this.#tellsNode = false;
    const request = { ...EMPTY, subscribe: NameSet.EMPTY, unsubscribe: NameSet.EMPTY, known: NOTHING_KNOWN };
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      switch (tag >>> 3) {
        case 1:
          this.#tellsNode = true;
          reader.skipType(tag & 7);
          break;
        case 2:
          request.typeUrl = this.#typeUrl(reader, bytes);
          break;
        case 3:
          request.subscribe = this.#names(reader, bytes, 3, request.subscribe);
          break;
        case 4:
          request.unsubscribe = this.#names(reader, bytes, 4, request.unsubscribe);
          break;
        case 5:
          request.known = this.#versions(reader, bytes, request.known);
          break;
        case 6:
          request.nonce = reader.string();
          break;
        case 7:
          request.error = readStatus(reader.bytes());
          break;
        default:
          reader.skipType(tag & 7);
      }
    }
    return request;
  }

  /** A stream names a handful of types over and over: the same bytes give the same text. */
  #typeUrl(reader: protobuf.Reader, bytes: Uint8Array): string {
    const length = reader.uint32();
    const start = reader.pos;
    reader.skip(length);
    for (const known of this.#typeUrls) {
      if (known.bytes.length === length && known.bytes.compare(bytes, start, start + length) === 0)
        return known.text;
    }
    const text = Buffer.from(bytes.subarray(start, start + length)).toString();
    this.#typeUrls.push({ bytes: Buffer.from(text), text });
    if (this.#typeUrls.length > REMEMBERED_TYPES) this.#typeUrls.shift();
    return text;
  }

  /** The run of fields that starts at the reader, whose tag has been read; all names of a request come in one run. */
  #names(reader: protobuf.Reader, bytes: Uint8Array, field: number, before: NameSet): NameSet {
    const start = reader.pos - 1;
    const last = this.#lastNames;
    const tag = field * 8 + LENGTH_DELIMITED;
    if (last !== undefined && sameRun(bytes, start, last.bytes, tag)) {
      reader.pos = start + last.bytes.length;
      return this.table.union(before, last.names);
    }
    skipRun(reader, bytes, tag);
    const run = bytes.subarray(start, reader.pos);
    const names = this.table.ofBytes(run, () => readNames(run));
    if (names.size > 0) this.#lastNames = { bytes: Buffer.from(run), names };
    return this.table.union(before, names);
  }

  #versions(reader: protobuf.Reader, bytes: Uint8Array, before: KnownVersions): KnownVersions {
    const start = reader.pos - 1;
    const tag = 5 * 8 + LENGTH_DELIMITED;
    const last = this.#lastKnown.find((known) => sameRun(bytes, start, known.bytes, tag));
    if (before.size === 0 && last !== undefined) {
      reader.pos = start + last.bytes.length;
      return last.known;
    }
    skipRun(reader, bytes, tag);
    const run = Buffer.from(bytes.subarray(start, reader.pos));
    const key = run.toString('latin1');
    const known = this.#known.get(key) ?? readVersions(run);
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size > REMEMBERED_VERSIONS) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#lastKnown = [{ bytes: run, known }, ...this.#lastKnown].slice(0, REMEMBERED_RUNS);
    return before.size === 0 ? known : new Map([...before, ...known]);
  }
}

const REMEMBERED_VERSIONS = 8;
/** A proxy that comes back tells of its clusters and of their endpoints in turn. */
const REMEMBERED_RUNS = 4;
const REMEMBERED_TYPES = 8;

const EMPTY: {
  typeUrl: string;
  nonce: string;
  error: RequestError | undefined;
} = { typeUrl: '', nonce: '', error: undefined };

function sameRun(bytes: Uint8Array, start: number, run: Uint8Array, tag: number): boolean {
  const end = start + run.length;
  if (end > bytes.length || bytes[end] === tag) return false;
  return Buffer.compare(bytes.subarray(start, end), run) === 0;
}

function skipRun(reader: protobuf.Reader, bytes: Uint8Array, tag: number): void {
  reader.skipType(LENGTH_DELIMITED);
  while (reader.pos < reader.len && bytes[reader.pos] === tag) {
    reader.pos += 1;
    reader.skipType(LENGTH_DELIMITED);
  }
}

function readNames(run: Uint8Array): string[] {
  const reader = protobuf.Reader.create(run);
  const names: string[] = [];
  while (reader.pos < reader.len) {
    reader.uint32();
    names.push(reader.string());
  }
  return names;
}

function readVersions(run: Uint8Array): KnownVersions {
  const reader = protobuf.Reader.create(run);
  const versions = new Map<string, string>();
  while (reader.pos < reader.len) {
    reader.uint32();
    const entry = protobuf.Reader.create(reader.bytes());
    const parts = ['', ''];
    while (entry.pos < entry.len) {
      const field = entry.uint32() >>> 3;
      parts[field - 1] = entry.string();
    }
    versions.set(parts[0] ?? '', parts[1] ?? '');
  }
  return versions;
}

function readStatus(bytes: Uint8Array): RequestError {
  const reader = protobuf.Reader.create(bytes);
  let error: RequestError = { code: 0, message: '' };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) error = { ...error, code: reader.int32() };
    else if (tag >>> 3 === 2) error = { ...error, message: reader.string() };
    else reader.skipType(tag & 7);
  }
  return error;
}
