import protobuf from 'protobufjs';
import { SignalboxError } from '../errors.js';
import { skipField } from '../protobuf/skip-field.js';
import { STEP, type Steps } from '../snapshot/steps.js';
import { MOST_FIELDS } from './request-fields.js';

/** Bytes of a resource's name. */
const LONGEST_NAME = 4 * 1024;
/** Bytes of a version. Ours are hashes, with a mark in SotW. */
const LONGEST_VERSION = 256;
/** Bytes of a known version and its name: other control planes may have longer versions. */
const LONGEST_KNOWN = LONGEST_NAME + 1_024;
/** Bytes of a nonce that are looked at: more than ours have. */
const LONGEST_NONCE = 64;
/** Bytes of the message of an error: it is logged, and looked through for the names of resources. */
const LONGEST_MESSAGE = 16 * 1024;

/** Why a proxy has rejected a response. */
export interface RequestError {
  readonly code: number;
  readonly message: string;
}

/** The names of a run of them. */
export function* readNames(run: Uint8Array): Generator<string> {
  const reader = protobuf.Reader.create(run);
  while (reader.pos < reader.len) {
    reader.uint32();
    yield readName(reader);
  }
}

/** The names and versions of a run of a map's entries. */
export function* readVersions(run: Uint8Array): Steps<ReadonlyMap<string, string>> {
  const reader = protobuf.Reader.create(run);
  const versions = new Map<string, string>();
  for (let entries = 1; reader.pos < reader.len; entries += 1) {
    reader.uint32();
    const entry = protobuf.Reader.create(reader.bytes());
    let [name, version] = ['', ''];
    // More than its two fields are none of a map's entry, and might be millions.
    for (let fields = 0; fields < 2 && entry.pos < entry.len; fields += 1) {
      if (entry.uint32() >>> 3 === 1) name = readName(entry);
      else version = readVersion(entry);
    }
    versions.set(name, version);
    if (entries % STEP === 0) yield;
  }
  return versions;
}

/** Reads the `error_detail` of a request. */
export function readStatus(bytes: Uint8Array): RequestError {
  const reader = protobuf.Reader.create(bytes);
  let error: RequestError = { code: 0, message: '' };
  for (let fields = 0; reader.pos < reader.len && fields < MOST_FIELDS; fields += 1) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) error = { ...error, code: reader.int32() };
    else if (tag >>> 3 === 2)
      error = { ...error, message: textOf(reader.bytes().subarray(0, LONGEST_MESSAGE)) };
    else skipField(reader, tag);
  }
  return error;
}

/** @throws SignalboxError `request_too_large` */
function readName(reader: protobuf.Reader): string {
  const bytes = reader.bytes();
  checkName(bytes.length);
  return textOf(bytes);
}

/** @throws SignalboxError `request_too_large` for a name of so many bytes */
export function checkName(length: number): void {
  if (length > LONGEST_NAME)
    throw new SignalboxError('request_too_large', `the name of a resource may have ${LONGEST_NAME} bytes`);
}

/** @throws SignalboxError `request_too_large` for a known version of so many bytes, its name included */
export function checkKnown(length: number): void {
  if (length <= LONGEST_KNOWN) return;
  const details = `a known version may have ${LONGEST_KNOWN} bytes, the name of its resource included`;
  throw new SignalboxError('request_too_large', details);
}

/** A version; empty for one that is too long to be one of ours. */
export function readVersion(reader: protobuf.Reader): string {
  const bytes = reader.bytes();
  return bytes.length > LONGEST_VERSION ? '' : textOf(bytes);
}

/** Reads a nonce. One that is too long is cut; the start of it is not one of ours either. */
export function readNonce(reader: protobuf.Reader): string {
  return textOf(reader.bytes().subarray(0, LONGEST_NONCE));
}

/** A text of its own, not a part of one that would be kept with it. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
