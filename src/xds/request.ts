import { createHash } from 'node:crypto';
import protobuf from 'protobufjs';
import { SignalboxError } from '../errors.js';
import { skipField } from '../protobuf/skip-field.js';
import { atOnce, STEP, type Steps } from '../snapshot/steps.js';
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
/** Longer lists of names or versions, in bytes, are read in steps. */
const LONG = 32 * 1024;
/** Fields of a request, where a list counts as one: more are none of the protocol's. */
const MOST_FIELDS = 1_000;

/**
 * Decodes requests. Lists of names and of versions that came before, byte by byte, are not decoded again: a SotW
 * proxy repeats all its names in every ACK, and a thousand proxies after a restart send the same lists. Readings in
 * several steps are to be done one after the other, since each looks at what the others have found.
 */
export class RequestReader {
  readonly #known = new Map<string, KnownVersions>();
  readonly #typeUrls: { readonly bytes: Buffer; readonly text: string }[] = [];
  #lastKnown: readonly { readonly bytes: Uint8Array; readonly known: KnownVersions }[] = [];
  #lastNames: { readonly bytes: Uint8Array; readonly names: NameSet } | undefined;
  readonly #sotw = new RequestMemory<SotwRequest>();
  readonly #delta = new RequestMemory<DeltaRequest>();

  /** @param most how many names and versions a request may have */
  constructor(
    private readonly table: NameTable,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {}

  /**
   * Who sent a request; undefined where it does not say, as a proxy may after its first request.
   * @throws Error for bytes that are no request
   */
  node(variant: Variant, bytes: Uint8Array): ProxyNode | undefined {
    const wanted = variant === 'delta' ? 1 : 2;
    const fields = new Fields(bytes, this.most + MOST_FIELDS);
    while (fields.next()) {
      if (fields.number === wanted) return readNode(fields.reader.bytes());
      fields.skipRun();
    }
    return undefined;
  }

  /** The request of these bytes, if a stream has sent them lately. */
  knownSotw(bytes: Uint8Array): SotwRequest | undefined {
    return this.#sotw.find(bytes);
  }

  /** The request of these bytes, if a stream has sent them lately. */
  knownDelta(bytes: Uint8Array): DeltaRequest | undefined {
    return this.#delta.find(bytes);
  }

  /** @throws Error for bytes that are no DiscoveryRequest, SignalboxError `request_too_large` */
  sotw(bytes: Uint8Array): SotwRequest {
    return atOnce(this.readSotw(bytes));
  }

  /** @throws Error for bytes that are no DeltaDiscoveryRequest, SignalboxError `request_too_large` */
  delta(bytes: Uint8Array): DeltaRequest {
    return atOnce(this.readDelta(bytes));
  }

  /** As {@link sotw}, in steps. */
  *readSotw(bytes: Uint8Array): Steps<SotwRequest> {
    const before = this.#sotw.find(bytes);
    if (before !== undefined) return before;
    const fields = new Fields(bytes, this.most);
    const { reader } = fields;
    const request = { ...EMPTY, versionInfo: '', names: NameSet.EMPTY };
    let tellsNode = false;
    while (fields.next()) {
      switch (fields.number) {
        case 1:
          request.versionInfo = reader.string();
          break;
        case 2:
          tellsNode = true;
          fields.skip();
          break;
        case 3:
          request.names = yield* this.#names(fields, request.names);
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
          fields.skip();
      }
    }
    return this.#sotw.add(bytes, request, tellsNode);
  }

  /** As {@link delta}, in steps. */
  *readDelta(bytes: Uint8Array): Steps<DeltaRequest> {
    const before = this.#delta.find(bytes);
    if (before !== undefined) return before;
    const fields = new Fields(bytes, this.most);
    const { reader } = fields;
    const request = { ...EMPTY, subscribe: NameSet.EMPTY, unsubscribe: NameSet.EMPTY, known: NOTHING_KNOWN };
    const known: KnownVersions[] = [];
    let tellsNode = false;
    while (fields.next()) {
      switch (fields.number) {
        case 1:
          tellsNode = true;
          fields.skip();
          break;
        case 2:
          request.typeUrl = this.#typeUrl(reader, bytes);
          break;
        case 3:
          request.subscribe = yield* this.#names(fields, request.subscribe);
          break;
        case 4:
          request.unsubscribe = yield* this.#names(fields, request.unsubscribe);
          break;
        case 5:
          known.push(yield* this.#versions(fields));
          break;
        case 6:
          request.nonce = reader.string();
          break;
        case 7:
          request.error = readStatus(reader.bytes());
          break;
        default:
          fields.skip();
      }
    }
    request.known = merged(known);
    return this.#delta.add(bytes, request, tellsNode);
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

  /** All names of a request come in one run. */
  *#names(fields: Fields, before: NameSet): Steps<NameSet> {
    const last = this.#lastNames;
    if (last !== undefined && fields.skipKnown(last.bytes)) return this.table.union(before, last.names);
    const run = fields.skipRun();
    // Others that say the same may be before this one.
    if (run.length > LONG) yield;
    const names = yield* this.table.ofBytes(run, () => readNames(run));
    if (names.size > 0 && run.length <= LONGEST_REMEMBERED)
      this.#lastNames = { bytes: Buffer.from(run), names };
    return this.table.union(before, names);
  }

  *#versions(fields: Fields): Steps<KnownVersions> {
    const last = this.#lastKnown.find((entry) => fields.skipKnown(entry.bytes));
    if (last !== undefined) return last.known;
    const run = fields.skipRun();
    if (run.length > LONG) yield;
    const key = createHash('sha1').update(run).digest('base64');
    const known = this.#known.get(key) ?? (yield* readVersions(run));
    if (run.length > LONGEST_REMEMBERED) return known;
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size > REMEMBERED_VERSIONS) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#lastKnown = [{ bytes: Buffer.from(run), known }, ...this.#lastKnown].slice(0, REMEMBERED_RUNS);
    return known;
  }
}

/** The versions of a hundred thousand resources; what is remembered is bounded. */
const LONGEST_REMEMBERED = 4 * 1024 * 1024;
const REMEMBERED_VERSIONS = 8;
/** A proxy that comes back tells of its clusters and of their endpoints in turn. */
const REMEMBERED_RUNS = 4;
const REMEMBERED_TYPES = 8;

const EMPTY: {
  typeUrl: string;
  nonce: string;
  error: RequestError | undefined;
} = { typeUrl: '', nonce: '', error: undefined };

/** The fields of a request, one after the other. A run of equal ones, which a list is, can be taken as a whole. */
class Fields {
  readonly reader: protobuf.Reader;
  number = 0;
  #tag = 0;
  #start = 0;
  #fields = 0;
  #entries = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly most: number,
  ) {
    this.reader = protobuf.Reader.create(bytes);
  }

  /** Goes to the next field; false where there is none. */
  next(): boolean {
    const { reader } = this;
    if (reader.pos >= reader.len) return false;
    this.#fields += 1;
    if (this.#fields > MOST_FIELDS) throw new Error(`a request has more than ${MOST_FIELDS} fields`);
    this.#start = reader.pos;
    this.#tag = reader.uint32();
    this.number = this.#tag >>> 3;
    return true;
  }

  skip(): void {
    skipField(this.reader, this.#tag);
  }

  /** Steps over this field, and over those with the same tag that follow it. */
  skipRun(): Uint8Array {
    const { reader, bytes } = this;
    const tag = this.#tag;
    for (;;) {
      skipField(reader, tag);
      this.#entries += 1;
      if (this.#entries > this.most) {
        const details = `a request may have ${this.most} resource names and versions, this one has more`;
        throw new SignalboxError('request_too_large', details);
      }
      // The tags of all lists have one byte.
      if (tag > 127 || reader.pos >= reader.len || bytes[reader.pos] !== tag) break;
      reader.pos += 1;
    }
    return bytes.subarray(this.#start, reader.pos);
  }

  /** Steps over a run that is this one, byte by byte; false where it is another. */
  skipKnown(run: Uint8Array): boolean {
    const end = this.#start + run.length;
    if (end > this.bytes.length || this.bytes[end] === this.#tag) return false;
    if (Buffer.compare(this.bytes.subarray(this.#start, end), run) !== 0) return false;
    this.reader.pos = end;
    return true;
  }
}

function merged(parts: readonly KnownVersions[]): KnownVersions {
  const [first = NOTHING_KNOWN, ...others] = parts;
  return others.length === 0 ? first : new Map(parts.flatMap((part) => [...part]));
}

function* readNames(run: Uint8Array): Generator<string> {
  const reader = protobuf.Reader.create(run);
  while (reader.pos < reader.len) {
    reader.uint32();
    yield reader.string();
  }
}

function* readVersions(run: Uint8Array): Steps<KnownVersions> {
  const reader = protobuf.Reader.create(run);
  const versions = new Map<string, string>();
  for (let entries = 1; reader.pos < reader.len; entries += 1) {
    reader.uint32();
    const entry = protobuf.Reader.create(reader.bytes());
    let [name, version] = ['', ''];
    // More than its two fields are none of a map's entry, and might be millions.
    for (let fields = 0; fields < 2 && entry.pos < entry.len; fields += 1) {
      if (entry.uint32() >>> 3 === 1) name = entry.string();
      else version = entry.string();
    }
    versions.set(name, version);
    if (entries % STEP === 0) yield;
  }
  return versions;
}

function readStatus(bytes: Uint8Array): RequestError {
  const reader = protobuf.Reader.create(bytes);
  let error: RequestError = { code: 0, message: '' };
  for (let fields = 0; reader.pos < reader.len && fields < MOST_FIELDS; fields += 1) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) error = { ...error, code: reader.int32() };
    else if (tag >>> 3 === 2) error = { ...error, message: reader.string().slice(0, LONGEST_MESSAGE) };
    else skipField(reader, tag);
  }
  return error;
}

/** It is kept, logged, and looked through for the names of resources. */
const LONGEST_MESSAGE = 16 * 1024;
