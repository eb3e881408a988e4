import type { Reader } from 'protobufjs';
import { Recent } from '../base/recent.js';
import { SignalboxError } from '../errors.js';
import { atOnce, type Steps } from '../snapshot/steps.js';
import { NameSet, type NameTable } from './name-set.js';
import { type ProxyNode, readNode } from './node.js';
import { Fields, MOST_FIELDS } from './request-fields.js';
import { RequestMemory } from './request-memory.js';
import {
  checkKnown,
  checkName,
  type RequestError,
  readNames,
  readNonce,
  readStatus,
  readVersion,
  readVersions,
} from './request-parts.js';
import type { Variant } from './response.js';

export interface CommonRequest {
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

/** Known versions as they stand in requests. */
interface KnownRun {
  readonly bytes: Buffer;
  readonly known: KnownVersions;
}

const NOTHING_KNOWN: KnownVersions = new Map();
/** Longer lists of names or versions, in bytes, are read in steps. */
const LONG = 32 * 1024;

/**
 * Decodes requests. Lists of names and of versions that came before, byte by byte, are not decoded again: a SotW
 * proxy repeats all its names in every ACK, and a thousand proxies after a restart send the same lists. Readings in
 * several steps are to be done one after the other, since each looks at what the others have found.
 */
export class RequestReader {
  readonly #known = new Recent<KnownRun>(REMEMBERED_RUNS, REMEMBERED_BYTES, (run) => [
    { thing: run, bytes: READ * run.bytes.length },
  ]);
  readonly #typeUrls: { readonly bytes: Buffer; readonly text: string }[] = [];
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
          request.versionInfo = readVersion(reader);
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
          request.nonce = readNonce(reader);
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
          request.nonce = readNonce(reader);
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
  #typeUrl(reader: Reader, bytes: Uint8Array): string {
    const length = reader.uint32();
    if (length > LONGEST_TYPE_URL)
      throw new SignalboxError('request_too_large', `a type URL may have ${LONGEST_TYPE_URL} bytes`);
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
    const run = fields.skipRun(checkName);
    // Others that say the same may be before this one.
    if (run.length > LONG) yield;
    const names = yield* this.table.ofBytes(run, () => readNames(run));
    if (names.size > 0 && run.length <= LONGEST_REMEMBERED)
      this.#lastNames = { bytes: Buffer.from(run), names };
    return this.table.union(before, names);
  }

  *#versions(fields: Fields): Steps<KnownVersions> {
    const find = () => this.#known.entries.find((entry) => fields.skipKnown(entry.bytes));
    const before = find();
    if (before !== undefined) return before.known;
    if (fields.length > LONG) {
      // Others that say the same may be before this one.
      yield;
      const meanwhile = find();
      if (meanwhile !== undefined) return meanwhile.known;
    }
    const run = fields.skipRun(checkKnown);
    const known = yield* readVersions(run);
    if (run.length <= LONGEST_REMEMBERED) this.#known.add({ bytes: Buffer.from(run), known });
    return known;
  }
}

/** The versions of a hundred thousand resources; what is remembered is bounded. */
const LONGEST_REMEMBERED = 4 * 1024 * 1024;
/** A returning proxy lists its clusters and then their endpoints; several groups may do so at a time. */
const REMEMBERED_RUNS = 8;
const REMEMBERED_BYTES = 32 * 1024 * 1024;
/** Approximate size of a decoded run, as a multiple of its bytes. */
const READ = 4;
/** Bytes. */
const LONGEST_TYPE_URL = 256;
const REMEMBERED_TYPES = 8;

const EMPTY: {
  typeUrl: string;
  nonce: string;
  error: RequestError | undefined;
} = { typeUrl: '', nonce: '', error: undefined };

function merged(parts: readonly KnownVersions[]): KnownVersions {
  const [first = NOTHING_KNOWN, ...others] = parts;
  return others.length === 0 ? first : new Map(parts.flatMap((part) => [...part]));
}
