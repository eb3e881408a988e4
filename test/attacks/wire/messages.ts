/** Protobuf messages built from bytes, also those that no library would build. */

/** A field of text, bytes or a message. https://protobuf.dev/programming-guides/encoding */
export function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** A `google.protobuf.Struct` with structs in structs. */
export function deepStruct(depth: number): Buffer {
  let struct: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  for (let level = 0; level < depth; level += 1) struct = structOf('a', field(5, struct));
  return struct;
}

/** A `google.protobuf.Struct` with one text of so many bytes. */
export function wideStruct(bytes: number): Buffer {
  return structOf('text', field(3, Buffer.alloc(bytes, 'm')));
}

/** Groups in groups, a form of unknown fields that readers step over by recursion. */
export function deepGroups(depth: number): Buffer {
  return Buffer.concat([Buffer.alloc(depth, 15 * 8 + 3), Buffer.alloc(depth, 15 * 8 + 4)]);
}

export interface NodeFields {
  readonly id: string;
  readonly cluster?: string;
  /** An encoded struct. */
  readonly metadata?: Uint8Array;
}

/** An encoded `envoy.config.core.v3.Node`. */
export function node({ id, cluster = 'attack', metadata }: NodeFields): Buffer {
  return Buffer.concat([field(1, id), field(2, cluster), ...(metadata ? [field(3, metadata)] : [])]);
}

export interface DeltaFields {
  /** An encoded node. */
  readonly node?: Uint8Array;
  readonly typeUrl: string;
  readonly subscribe?: readonly (string | Uint8Array)[];
  /** Names and versions that the proxy has. */
  readonly known?: readonly (readonly [name: string, version: Uint8Array])[];
  readonly nonce?: string;
  readonly error?: string;
}

/** An encoded `DeltaDiscoveryRequest`. */
export function deltaRequest(fields: DeltaFields): Buffer {
  const { node, typeUrl, subscribe = [], known = [], nonce, error } = fields;
  return Buffer.concat([
    ...(node ? [field(1, node)] : []),
    field(2, typeUrl),
    ...subscribe.map((name) => field(3, name)),
    ...known.map(([name, version]) => field(5, Buffer.concat([field(1, name), field(2, version)]))),
    ...(nonce === undefined ? [] : [field(6, nonce)]),
    ...(error === undefined ? [] : [field(7, Buffer.concat([numberField(1, 3), field(2, error)]))]),
  ]);
}

/** An encoded `DiscoveryRequest`. */
export function sotwRequest({
  node,
  typeUrl,
  subscribe = [],
  nonce,
  error,
}: Omit<DeltaFields, 'known'>): Buffer {
  return Buffer.concat([
    ...(node ? [field(2, node)] : []),
    ...subscribe.map((name) => field(3, name)),
    field(4, typeUrl),
    ...(nonce === undefined ? [] : [field(5, nonce)]),
    ...(error === undefined ? [] : [field(6, Buffer.concat([numberField(1, 3), field(2, error)]))]),
  ]);
}

function structOf(key: string, value: Uint8Array): Buffer {
  return field(1, Buffer.concat([field(1, key), field(2, value)]));
}
