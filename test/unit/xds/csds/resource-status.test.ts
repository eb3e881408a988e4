import { describe, expect, test } from 'vitest';
import { makeResource, type Resource } from '../../../../src/snapshot/resource.js';
import { Snapshot } from '../../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../../src/snapshot/type-url.js';
import { resourceStatus, resourceStatuses, typeStatus } from '../../../../src/xds/csds/resource-status.js';
import { NameSet, NameTable } from '../../../../src/xds/name-set.js';
import type { DeltaRequest, SotwRequest } from '../../../../src/xds/request.js';
import { ResponseFactory } from '../../../../src/xds/response.js';
import { StepMemory } from '../../../../src/xds/step-memory.js';
import { NEW_STREAM, next, receive, type StreamState } from '../../../../src/xds/stream-state.js';
import type { TypeState } from '../../../../src/xds/type-state.js';

const EDS = TYPE_URL.endpoints;
const load = (name: string, content = '1') => makeResource(EDS, name, Buffer.from(content));

/** A stream of one type, driven by hand. */
class Peer {
  readonly #shared = {
    table: new NameTable(),
    responses: new ResponseFactory('test'),
    memory: new StepMemory(),
  };
  #state: StreamState = NEW_STREAM;
  #nonce = '';

  constructor(public snapshot: Snapshot) {}

  publish(...resources: readonly Resource[]): void {
    this.snapshot = this.snapshot.replacedBy(Snapshot.of(resources));
  }

  get type(): TypeState {
    const type = this.#state.types.get(EDS);
    if (type === undefined) throw new Error('nothing was asked for yet');
    return type;
  }

  /** Name → status. */
  get statuses(): Record<string, string> {
    const found = resourceStatuses(this.type, this.snapshot.set(EDS));
    return Object.fromEntries([...found].map(({ name, status }) => [name, status]));
  }

  ask(names: readonly string[], change: Partial<SotwRequest> = {}): this {
    const request = {
      ...{ typeUrl: EDS, nonce: this.#nonce, error: undefined, versionInfo: '' },
      ...{ names: this.#shared.table.of(names), ...change },
    };
    this.#state = receive(this.#state, { variant: 'sotw', request }, this.snapshot, this.#shared);
    return this;
  }

  askDelta(change: Partial<DeltaRequest>): this {
    const request = {
      ...{ typeUrl: EDS, nonce: this.#nonce, error: undefined },
      ...{ subscribe: NameSet.EMPTY, unsubscribe: NameSet.EMPTY, known: new Map(), ...change },
    };
    this.#state = receive(this.#state, { variant: 'delta', request }, this.snapshot, this.#shared);
    return this;
  }

  names(...names: readonly string[]): NameSet {
    return this.#shared.table.of(names);
  }

  /** Takes the responses that are due. */
  sent(variant: 'sotw' | 'delta' = 'sotw'): this {
    for (;;) {
      const step = next(this.#state, variant, this.snapshot, this.#shared);
      this.#state = step.state;
      if (step.response === undefined) return this;
      this.#nonce = step.message.nonce;
    }
  }
}

const refused = { code: 3, message: 'users: no such host' };

describe('the status of a resource', () => {
  test('not sent, sent, acknowledged', () => {
    const proxy = new Peer(Snapshot.of([load('users')])).ask(['users', 'none']);
    expect(proxy.statuses).toEqual({ users: 'NOT_SENT', none: 'NOT_SENT' });
    expect(typeStatus(proxy.type)).toBe('NOT_SENT');
    expect(proxy.sent().statuses).toEqual({ users: 'STALE', none: 'NOT_SENT' });
    expect(typeStatus(proxy.type)).toBe('STALE');
    expect(proxy.ask(['users', 'none']).statuses).toEqual({ users: 'SYNCED', none: 'NOT_SENT' });
    expect(typeStatus(proxy.type)).toBe('SYNCED');
  });

  test('a change is not sent, then waits, then is there', () => {
    const proxy = new Peer(Snapshot.of([load('users'), load('orders')]))
      .ask(['users', 'orders'])
      .sent()
      .ask(['users', 'orders']);
    proxy.publish(load('users', '2'), load('orders'));
    expect(proxy.statuses).toEqual({ users: 'NOT_SENT', orders: 'SYNCED' });
    expect(proxy.sent().statuses).toEqual({ users: 'STALE', orders: 'SYNCED' });
    expect(proxy.ask(['users', 'orders']).statuses).toEqual({ users: 'SYNCED', orders: 'SYNCED' });
  });

  test('a name that joins those acknowledged is not taken for acknowledged', () => {
    const proxy = new Peer(Snapshot.of([load('users'), load('orders')])).ask(['users']).sent().ask(['users']);
    expect(proxy.ask(['users', 'orders']).statuses).toEqual({ users: 'SYNCED', orders: 'NOT_SENT' });
    expect(proxy.sent().statuses).toEqual({ users: 'SYNCED', orders: 'STALE' });
  });

  test('what is refused is an error, with its message, until a newer version is accepted', () => {
    const proxy = new Peer(Snapshot.of([load('users'), load('orders')])).ask(['users', 'orders']).sent();
    proxy.ask(['users', 'orders'], { error: refused });
    const first = load('users').version;
    // What came along with it may have been applied or not, and is sent again.
    expect(proxy.statuses).toEqual({ users: 'ERROR', orders: 'UNKNOWN' });
    expect(proxy.sent().statuses).toEqual({ users: 'ERROR', orders: 'STALE' });
    expect(typeStatus(proxy.type)).toBe('ERROR');
    const rejection = { version: first, message: 'users: no such host' };
    expect(resourceStatus(proxy.type, proxy.snapshot.set(EDS), 'users')).toMatchObject({ rejection });

    proxy.publish(load('users', '2'), load('orders'));
    expect(proxy.sent().statuses).toMatchObject({ users: 'STALE' });
    expect(resourceStatus(proxy.type, proxy.snapshot.set(EDS), 'users')).toMatchObject({ rejection });
    expect(proxy.ask(['users', 'orders']).statuses).toEqual({ users: 'SYNCED', orders: 'SYNCED' });
    expect(resourceStatus(proxy.type, proxy.snapshot.set(EDS), 'users')?.rejection).toBeUndefined();
  });

  test('after a rejection that names nothing everything that was sent is unknown until it is confirmed', () => {
    const proxy = new Peer(Snapshot.of([load('users'), load('orders')])).ask(['users', 'orders']).sent();
    proxy.ask(['users', 'orders']);
    proxy.publish(load('users', '2'), load('orders', '2'));
    proxy.sent().ask(['users', 'orders'], { error: { code: 3, message: 'no' } });
    expect(proxy.sent().statuses).toEqual({ users: 'UNKNOWN', orders: 'UNKNOWN' });
    expect(typeStatus(proxy.type)).toBe('UNKNOWN');
    proxy.publish(load('users', '3'), load('orders', '2'));
    expect(proxy.sent().statuses).toEqual({ users: 'STALE', orders: 'STALE' });
    proxy.ask(['users', 'orders']);
    expect(proxy.statuses).toEqual({ users: 'SYNCED', orders: 'SYNCED' });
    expect(typeStatus(proxy.type)).toBe('SYNCED');
  });

  test('what a proxy has when it comes back is in sync although it is sent nothing', () => {
    const proxy = new Peer(Snapshot.of([load('users'), load('orders', '2')]));
    const known = new Map([load('users'), load('orders')].map(({ name, version }) => [name, version]));
    proxy.askDelta({ subscribe: proxy.names('users', 'orders'), known });
    expect(proxy.statuses).toEqual({ users: 'SYNCED', orders: 'NOT_SENT' });
    expect(proxy.sent('delta').statuses).toEqual({ users: 'SYNCED', orders: 'STALE' });
    expect(proxy.askDelta({}).statuses).toEqual({ users: 'SYNCED', orders: 'SYNCED' });
  });

  test('a name that is not asked for has none', () => {
    const proxy = new Peer(Snapshot.of([load('users'), load('orders')])).ask(['users']).sent();
    expect(resourceStatus(proxy.type, proxy.snapshot.set(EDS), 'orders')).toBeUndefined();
  });
});
