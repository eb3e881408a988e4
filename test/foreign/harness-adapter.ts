import { setTimeout } from 'node:timers/promises';
import { type handleUnaryCall, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import {
  type CacheServer,
  createServer,
  type Resource,
  resource,
  Snapshot,
  SnapshotCache,
  TYPE_URL,
} from '../../src/index.js';
import { VersionLabels } from './version-labels.js';

/** The part of the harness's adapter API that matters: https://github.com/ii/xds-test-harness/blob/main/docs/design-doc.md */
const API = protobuf.parse(
  `
  syntax = "proto3";
  package adapter;
  message Packed { string type_url = 1; bytes value = 2; }
  message Named { string name = 1; }
  message State { string node = 1; string version = 2; repeated Packed resources = 3; }
  message Change { string node = 1; string type_url = 2; string name = 3; string version = 4; }
  message Done { bool success = 1; }
  message Cleared { string response = 1; }
`,
  { keepCase: true },
).root;
/** Milliseconds. */
const UNSUBSCRIBED = 300;

interface State {
  readonly node: string;
  readonly version: string;
  readonly resources: readonly { readonly type_url: string; readonly value: Uint8Array }[];
}

interface Change {
  readonly node: string;
  readonly type_url: string;
  readonly name: string;
  readonly version: string;
}

/** What the harness calls to set the state of the server under test, and that server: our library's. */
export class HarnessAdapter {
  readonly #cache = new SnapshotCache();
  readonly #labels = new VersionLabels();
  readonly #grpc = new Server();
  readonly #server: CacheServer;
  /** So that no state has the content of another. */
  #generation = 0;

  constructor() {
    this.#server = createServer({
      cache: this.#cache,
      group: ({ id }) => id,
      server: this.#labels.over(this.#grpc),
    });
    this.#grpc.addService(
      {
        ...method('SetState', 'State', 'Done'),
        ...method('ClearState', 'State', 'Cleared'),
        ...method('UpdateResource', 'Change', 'Done'),
        ...method('AddResource', 'Change', 'Done'),
        ...method('RemoveResource', 'Change', 'Done'),
      },
      {
        SetState: answer((state: State) => this.#set(state)),
        ClearState: answer(({ node }: State) => this.#cache.clearSnapshot(node)),
        UpdateResource: answer(async (change: Change) => await this.#change(change, true)),
        AddResource: answer(async (change: Change) => await this.#change(change, true)),
        RemoveResource: answer(async (change: Change) => await this.#change(change, false)),
      },
    );
  }

  /** @returns the port of both: the adapter, and the server under test */
  async listen(): Promise<number> {
    return await new Promise((done, fail) => {
      this.#grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? done(port) : fail(error),
      );
    });
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    this.#grpc.forceShutdown();
  }

  #set({ node, version, resources }: State): void {
    this.#labels.current = version;
    const named = resources.map(({ type_url, value }) => {
      const { name } = read<{ readonly name: string }>('Named', value);
      return this.#make(type_url, name);
    });
    this.#cache.setSnapshot(node, Snapshot.of(named));
  }

  /**
   * The harness unsubscribes on one connection and changes the resource on another without a pause, and expects not to
   * be sent it: the change waits until the request must have come.
   */
  async #change({ node, type_url, name, version }: Change, present: boolean): Promise<void> {
    await setTimeout(UNSUBSCRIBED);
    this.#labels.current = version;
    const made = present ? this.#make(type_url, name) : undefined;
    this.#cache.updateResources(node, new Map([[type_url, new Map([[name, made]])]]));
  }

  /** A resource that refers to nothing, with content that no other has. */
  #make(typeUrl: string, name: string): Resource {
    this.#generation += 1;
    const n = this.#generation;
    if (typeUrl === TYPE_URL.cluster)
      return resource(TYPE_URL.cluster, { name, type: 'STATIC', alt_stat_name: `${n}` });
    if (typeUrl === TYPE_URL.endpoints)
      return resource(TYPE_URL.endpoints, {
        cluster_name: name,
        policy: { overprovisioning_factor: { value: n } },
      });
    if (typeUrl === TYPE_URL.listener)
      return resource(TYPE_URL.listener, { name, stat_prefix: `${n}`, internal_listener: {} });
    return resource(TYPE_URL.route, { name, max_direct_response_body_size_bytes: { value: n } });
  }
}

function method(name: string, request: string, response: string): ServiceDefinition {
  return {
    [name]: {
      path: `/adapter.Adapter/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: object) => write(request, message),
      requestDeserialize: (bytes: Buffer) => read(request, bytes),
      responseSerialize: (message: object) => write(response, message),
      responseDeserialize: (bytes: Buffer) => read(response, bytes),
    },
  };
}

function answer<Request>(act: (request: Request) => void | Promise<void>): handleUnaryCall<Request, object> {
  return ({ request }, callback) => {
    Promise.resolve(request)
      .then(act)
      .then(
        () => callback(null, { success: true, response: 'cleared' }),
        (thrown: unknown) => callback(thrown instanceof Error ? thrown : new Error(String(thrown))),
      );
  };
}

function read<Message>(name: string, bytes: Uint8Array): Message {
  const type = API.lookupType(`adapter.${name}`);
  return type.toObject(type.decode(bytes), { defaults: true }) as Message;
}

function write(name: string, message: object): Buffer {
  const type = API.lookupType(`adapter.${name}`);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}
