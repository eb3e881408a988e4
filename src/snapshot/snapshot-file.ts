import { createHash } from 'node:crypto';
import protobuf from 'protobufjs';
import { readRegularFile } from '../base/files/regular-file.js';
import { replaceFile, setAside } from '../base/files/replace-file.js';
import { messageOf } from '../errors.js';
import { lengthDelimited, text, varint } from '../protobuf/wire.js';
import type { Group } from './cache.js';
import { makeResource, type References, type Resource, referencesByName } from './resource.js';
import { Snapshot } from './snapshot.js';
import { TYPE_URL } from './type-url.js';

// The file is one message of protobuf's wire format: the format's name, when it was written, the resources, what the
// proxies of each group have accepted, and last the SHA-256 of all bytes before it.
const FORMAT = 'signalbox snapshot 1';
const FIELD = { format: 1, at: 2, resource: 3, accepted: 4, checksum: 15 } as const;
const RESOURCE = { typeUrl: 1, name: 2, body: 3, reference: 4, ttl: 5, references: 6 } as const;
/** Of `references`. The plain `reference` of earlier files is read as {@link makeResource} reads names. */
const REFERENCES = { typeUrl: 1, name: 2 } as const;

/** The whole resource where it is not the one that is served, else what finds it there. */
const ACCEPTED = { group: 1, typeUrl: 2, name: 3, resource: 4 } as const;

/** What is encoded and written between two turns of everything else, bytes. */
const CHUNK = 256 * 1024;

/** Resources at the versions that the proxies of a group have accepted last. */
export type AcceptedResources = Iterable<readonly [group: Group, resource: Resource]>;

interface Found {
  readonly found: Snapshot;
  readonly accepted: ReadonlyMap<Group, readonly Resource[]>;
  /** When it was written, milliseconds since the epoch. */
  readonly at: number;
}

export type ReadSnapshotFile =
  | Found
  | { readonly missing: true }
  /** Why it cannot be used; the file now lies at `aside`. */
  | { readonly damaged: string; readonly aside: string };

/**
 * Writes a snapshot but for its secrets, a large one in turns. See {@link replaceFile}.
 * @param at milliseconds since the epoch
 * @throws SignalboxError `file_unsafe`
 * @throws Error of the file system
 */
export async function writeSnapshotFile(
  path: string,
  snapshot: Snapshot,
  at: number,
  accepted: AcceptedResources = [],
): Promise<void> {
  await replaceFile(path, withChecksum(chunks(records(snapshot, at, accepted))));
}

/**
 * Reads the file back; one that is not what was written is set aside, so that it can be looked at.
 * @throws SignalboxError `file_unsafe`
 * @throws Error of the file system
 */
export function readSnapshotFile(path: string): ReadSnapshotFile {
  const bytes = readRegularFile(path);
  if (bytes === undefined) return { missing: true };
  const read = parse(bytes);
  if ('found' in read) return read;
  return { ...read, aside: setAside(path) };
}

function* withChecksum(content: Iterable<Buffer>): Generator<Buffer> {
  const hash = createHash('sha256');
  for (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  yield lengthDelimited(FIELD.checksum, hash.digest());
}

function* chunks(records: Iterable<Uint8Array>): Generator<Buffer> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for (const record of records) {
    parts.push(record);
    size += record.length;
    if (size < CHUNK) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  yield Buffer.concat(parts);
}

function* records(snapshot: Snapshot, at: number, accepted: AcceptedResources): Generator<Uint8Array> {
  yield text(FIELD.format, FORMAT);
  yield varint(FIELD.at, at);
  for (const [typeUrl, set] of snapshot.sets) {
    if (isSecret({ typeUrl })) continue;
    for (const resource of set.values()) yield lengthDelimited(FIELD.resource, recordOf(resource));
  }
  for (const [group, resource] of accepted) {
    if (isSecret(resource)) continue;
    const { typeUrl, name, version } = resource;
    const isServed = snapshot.set(typeUrl).get(name)?.version === version;
    yield lengthDelimited(
      FIELD.accepted,
      Buffer.concat([
        text(ACCEPTED.group, group),
        ...(isServed
          ? [text(ACCEPTED.typeUrl, typeUrl), text(ACCEPTED.name, name)]
          : [lengthDelimited(ACCEPTED.resource, recordOf(resource))]),
      ]),
    );
  }
}

/** Private keys have their own files, and are read from there. */
function isSecret({ typeUrl }: { readonly typeUrl: string }): boolean {
  return typeUrl === TYPE_URL.secret;
}

function recordOf({ typeUrl, name, body, references, ttl }: Resource): Buffer {
  return Buffer.concat([
    text(RESOURCE.typeUrl, typeUrl),
    text(RESOURCE.name, name),
    lengthDelimited(RESOURCE.body, body),
    ...references.map((ofType) =>
      lengthDelimited(
        RESOURCE.references,
        Buffer.concat([
          text(REFERENCES.typeUrl, ofType.typeUrl),
          ...ofType.names.map((referred) => text(REFERENCES.name, referred)),
        ]),
      ),
    ),
    ...(ttl === undefined ? [] : [varint(RESOURCE.ttl, ttl)]),
  ]);
}

function parse(bytes: Buffer): Found | { readonly damaged: string } {
  const reader = protobuf.Reader.create(bytes);
  const resources: Resource[] = [];
  const accepted: AcceptedRecord[] = [];
  let format = '';
  let at = 0;
  try {
    while (reader.pos < reader.len) {
      const before = reader.pos;
      const tag = reader.uint32();
      const field = tag >>> 3;
      if (field === FIELD.format) format = reader.string();
      else if (field === FIELD.at) at = Number(reader.uint64());
      else if (field === FIELD.resource) resources.push(readRecord(reader.bytes()));
      else if (field === FIELD.accepted) accepted.push(readAccepted(reader.bytes()));
      else if (field === FIELD.checksum) {
        const sum = Buffer.from(reader.bytes());
        const fits = sum.equals(createHash('sha256').update(bytes.subarray(0, before)).digest());
        if (!fits || reader.pos !== reader.len) return { damaged: 'its checksum does not fit its content' };
        if (format !== FORMAT) return { damaged: `its format is "${format}"` };
        const found = Snapshot.of(resources);
        return { found, at, accepted: acceptedOf(accepted, found) };
      } else return { damaged: `it has a field ${field}` };
    }
    return { damaged: 'its end is missing' };
  } catch (thrown) {
    return { damaged: messageOf(thrown) };
  }
}

function readRecord(bytes: Uint8Array): Resource {
  const reader = protobuf.Reader.create(bytes);
  const names: string[] = [];
  const references: References[number][] = [];
  let typeUrl = '';
  let name = '';
  let body: Uint8Array = new Uint8Array();
  let ttl: number | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === RESOURCE.typeUrl) typeUrl = reader.string();
    else if (field === RESOURCE.name) name = reader.string();
    else if (field === RESOURCE.body) body = reader.bytes();
    else if (field === RESOURCE.reference) names.push(reader.string());
    else if (field === RESOURCE.references) references.push(readReferences(reader.bytes()));
    else if (field === RESOURCE.ttl) ttl = Number(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return makeResource(typeUrl, name, body, [...referencesByName(typeUrl, names), ...references], ttl);
}

interface AcceptedRecord {
  readonly group: Group;
  readonly typeUrl: string;
  readonly name: string;
  readonly resource: Resource | undefined;
}

function readAccepted(bytes: Uint8Array): AcceptedRecord {
  const reader = protobuf.Reader.create(bytes);
  const record = { group: '', typeUrl: '', name: '', resource: undefined as Resource | undefined };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === ACCEPTED.group) record.group = reader.string();
    else if (field === ACCEPTED.typeUrl) record.typeUrl = reader.string();
    else if (field === ACCEPTED.name) record.name = reader.string();
    else if (field === ACCEPTED.resource) record.resource = readRecord(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return record;
}

function acceptedOf(records: readonly AcceptedRecord[], served: Snapshot): Found['accepted'] {
  const groups = new Map<Group, Resource[]>();
  for (const { group, typeUrl, name, resource = served.set(typeUrl).get(name) } of records) {
    if (resource === undefined) continue;
    const ofGroup = groups.get(group);
    if (ofGroup === undefined) groups.set(group, [resource]);
    else ofGroup.push(resource);
  }
  return groups;
}

function readReferences(bytes: Uint8Array): References[number] {
  const reader = protobuf.Reader.create(bytes);
  const names: string[] = [];
  let typeUrl = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === REFERENCES.typeUrl) typeUrl = reader.string();
    else if (field === REFERENCES.name) names.push(reader.string());
    else reader.skipType(tag & 7);
  }
  return { typeUrl, names };
}
