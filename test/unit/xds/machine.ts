import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { NameTable } from '../../../src/xds/name-set.js';
import type { DeltaRequest, SotwRequest } from '../../../src/xds/request.js';
import { type Message, type Response, ResponseFactory, type Variant } from '../../../src/xds/response.js';
import { StepMemory } from '../../../src/xds/step-memory.js';
import {
  NEW_STREAM,
  newStream,
  next,
  receive,
  type Shared,
  type StreamState,
  waitNoLonger,
} from '../../../src/xds/stream-state.js';
import type { TypeState } from '../../../src/xds/type-state.js';

const TYPES = {
  CDS: TYPE_URL.cluster,
  EDS: TYPE_URL.endpoints,
  LDS: TYPE_URL.listener,
  RDS: TYPE_URL.route,
  SDS: TYPE_URL.secret,
  ECDS: TYPE_URL.extensionConfig,
  RTDS: TYPE_URL.runtime,
  VHDS: TYPE_URL.virtualHost,
};
export type Short = keyof typeof TYPES;

/** A request in few words: what a field leaves out is empty. */
export interface Ask {
  readonly names?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly version?: string;
  readonly known?: Readonly<Record<string, string>>;
  /** The last of the type unless told otherwise; a number stands for the stream's response of that number. */
  readonly nonce?: string | number;
  readonly error?: string;
}

/**
 * `CDS a=1` → a cluster a with the content 1, and `LDS l=1>SDS s,RDS r` → a listener that refers to a secret and a route
 * configuration. Clusters refer to their load assignment.
 */
export function resource(text: string): Resource {
  const [, type, name = '', content = '', referred = ''] = /^(\w+) ([^=]+)=?([^>]*)>?(.*)$/.exec(text) ?? [];
  const typeUrl = TYPES[shortOf(type)];
  const references = referred.split(',').flatMap((reference) => {
    const [ofType, named = ''] = reference.split(' ');
    return reference === '' ? [] : [{ typeUrl: TYPES[shortOf(ofType)], names: [named] }];
  });
  const own = typeUrl === TYPES.CDS ? [{ typeUrl: TYPES.EDS, names: [name] }] : [];
  return makeResource(typeUrl, name, Buffer.from(content), [...own, ...references]);
}

/** The state machine of one stream with the snapshot it is to follow: the whole of xDS without a network. */
export class Machine {
  shared: Shared = {
    table: new NameTable(),
    responses: new ResponseFactory('test'),
    memory: new StepMemory(),
  };
  state: StreamState = NEW_STREAM;
  snapshot: Snapshot;
  readonly responses: Response[] = [];
  /** The nonces of the responses, in order. */
  readonly nonces: Message['nonce'][] = [];

  constructor(
    readonly variant: Variant,
    ...published: readonly string[]
  ) {
    this.snapshot = Snapshot.of(published.map(resource));
  }

  /** What a request brings: each response as `EDS a=1 b=2 -gone`. */
  ask(
    short: Short,
    { names = [], nonce, error, version = '', known = {}, unsubscribe = [] }: Ask = {},
  ): string[] {
    const typeUrl = TYPES[short];
    const common = {
      typeUrl,
      nonce:
        typeof nonce === 'number' ? (this.nonces[nonce - 1] ?? '') : (nonce ?? this.type(short)?.nonce ?? ''),
      error: error === undefined ? undefined : { code: 3, message: error },
    };
    const { table } = this.shared;
    const sotw: SotwRequest = { ...common, versionInfo: version, names: table.of(names) };
    const delta: DeltaRequest = {
      ...common,
      subscribe: table.of(names),
      unsubscribe: table.of(unsubscribe),
      known: new Map(Object.entries(known)),
    };
    const request =
      this.variant === 'sotw'
        ? ({ variant: 'sotw', request: sotw } as const)
        : ({ variant: 'delta', request: delta } as const);
    this.state = receive(this.state, request, this.snapshot, this.shared);
    return this.pump();
  }

  /** The stream of a client that says it is this one. */
  as(userAgent: string): this {
    this.state = newStream(userAgent);
    return this;
  }

  /** Another stream of the same server. */
  another(): Machine {
    const machine = new Machine(this.variant);
    machine.shared = this.shared;
    machine.snapshot = this.snapshot;
    return machine;
  }

  /** What a publication brings; `-CDS a` removes. */
  publish(...texts: readonly string[]): string[] {
    return this.follow(this.changed(...texts));
  }

  /** The snapshot after a publication. */
  changed(...texts: readonly string[]): Snapshot {
    const changes = new Map<string, Map<string, Resource | undefined>>();
    for (const text of texts) {
      const { typeUrl, name, ...rest } = resource(text.replace(/^-/, ''));
      const ofType = changes.get(typeUrl) ?? new Map<string, Resource | undefined>();
      changes.set(typeUrl, ofType.set(name, text.startsWith('-') ? undefined : { typeUrl, name, ...rest }));
    }
    return this.snapshot.with(changes);
  }

  follow(snapshot: Snapshot): string[] {
    this.snapshot = snapshot;
    return this.pump();
  }

  losePatience(): string[] {
    this.state = waitNoLonger(this.state);
    return this.pump();
  }

  typeUrl(short: Short): string {
    return TYPES[short];
  }

  type(short: Short): TypeState | undefined {
    return this.state.types.get(TYPES[short]);
  }

  get last(): Response {
    const last = this.responses.at(-1);
    if (last === undefined) throw new Error('nothing was sent');
    return last;
  }

  pump(): string[] {
    const texts: string[] = [];
    for (;;) {
      const step = next(this.state, this.variant, this.snapshot, this.shared);
      this.state = step.state;
      if (step.response === undefined) return texts;
      this.responses.push(step.response);
      this.nonces.push(step.message.nonce);
      texts.push(textOf(step.response));
    }
  }
}

export function textOf({ typeUrl, resources, removed }: Response): string {
  const [short = typeUrl] = Object.entries(TYPES).find(([, url]) => url === typeUrl) ?? [];
  const present = resources.map(({ name, body }) => `${name}=${Buffer.from(body).toString()}`).sort();
  return [short, ...present, ...removed.map((name) => `-${name}`).sort()].join(' ');
}

function shortOf(text: string | undefined): Short {
  const short = Object.keys(TYPES).find((name): name is Short => name === text);
  if (short === undefined) throw new Error(`no type ${text}`);
  return short;
}
