import { beforeEach, expect, test } from 'vitest';
import { Snapshot } from '../../../../src/snapshot/snapshot.js';
import { ChangeLatency } from '../../../../src/telemetry/metrics/change-latency.js';
import { Acknowledgements } from '../../../../src/workers/acknowledgements.js';
import { Machine, resource } from '../../xds/machine.js';

let now = 0;
let snapshot = Snapshot.EMPTY;
let streams: Set<Machine>;
let observed: (readonly [registry: string, seconds: number])[];
let looks: (() => void)[];
let latency: ChangeLatency;
let acknowledgements: Acknowledgements<Machine>;
let processes: readonly number[];
beforeEach(() => {
  now = 1_000;
  snapshot = Snapshot.of(['CDS web=1', 'CDS api=1', 'EDS web=1', 'EDS api=1'].map(resource));
  streams = new Set();
  observed = [];
  looks = [];
  processes = [1];
  latency = new ChangeLatency({
    processes: () => processes,
    follow: (publication) => acknowledgements.published(publication),
    observe: (registry, seconds) => observed.push([registry, Math.round(seconds * 1_000)]),
    now: () => now,
  });
  acknowledgements = new Acknowledgements({
    streams: () => streams,
    snapshotOf: () => snapshot,
    reached: (publication, sent) => latency.reached(1, publication, sent),
    now: () => now,
    later: (run) => looks.push(run),
  });
});

/** A proxy that has everything, or these load assignments only. */
function connect(...names: readonly string[]): Machine {
  const machine = new Machine('delta');
  machine.snapshot = snapshot;
  machine.ask('CDS');
  machine.ask('CDS');
  machine.ask('EDS', { names: names.length > 0 ? names : ['web', 'api'] });
  machine.ask('EDS');
  streams.add(machine);
  return machine;
}

/** Publishes and brings every proxy to it. */
function publish(...texts: readonly string[]): void {
  latency.building();
  const resources = texts.map(resource);
  const changes = new Map(
    ['CDS', 'EDS'].map((type) => {
      const ofType = resources.filter(({ typeUrl }) => typeUrl === resource(`${type} x=`).typeUrl);
      return [resource(`${type} x=`).typeUrl, new Map(ofType.map((each) => [each.name, each]))] as const;
    }),
  );
  snapshot = snapshot.with(changes);
  acknowledgements.changed();
  latency.published();
  for (const machine of streams) {
    machine.snapshot = snapshot;
    machine.pump();
  }
  latency.built();
}

function look(): void {
  const due = looks;
  looks = [];
  for (const run of due) run();
}

test('from the change to the last proxy that had to be sent something', () => {
  const [first, second] = [connect(), connect()];
  connect('api');
  latency.changed('consul');
  now += 5;
  publish('EDS web=2');
  look();
  now += 10;
  first.ask('EDS');
  look();
  expect(observed).toEqual([]);
  expect(latency.waiting).toBe(0.015);
  now += 10;
  second.ask('EDS');
  look();
  expect(observed).toEqual([['consul', 25]]);
  expect(latency.waiting).toBe(0);
  expect(looks).toEqual([]);
});

test('an answer before anybody looked counts', () => {
  const proxy = connect();
  latency.changed('consul');
  publish('EDS web=2');
  now += 3;
  proxy.ask('EDS');
  look();
  expect(observed).toEqual([['consul', 3]]);
});

test('a change that concerns no proxy, or comes while none is there, is no latency', () => {
  latency.changed('consul');
  publish('EDS web=2');
  connect('api');
  latency.changed('consul');
  publish('EDS web=3');
  look();
  expect([observed, looks, latency.waiting]).toEqual([[], [], 0]);
});

test('a change that made no new snapshot is not counted with the next', () => {
  const proxy = connect();
  latency.changed('consul');
  latency.building();
  latency.built();
  now += 1_000;
  latency.changed('nacos');
  publish('EDS web=2');
  now += 2;
  proxy.ask('EDS');
  look();
  expect(observed).toEqual([['nacos', 2]]);
});

test('a change that comes while another is built belongs to the next publication', () => {
  const proxy = connect();
  latency.changed('consul');
  latency.building();
  now += 5;
  latency.changed('nacos');
  snapshot = snapshot.with(
    new Map([[resource('EDS web=2').typeUrl, new Map([['web', resource('EDS web=2')]])]]),
  );
  acknowledgements.changed();
  latency.published();
  latency.built();
  proxy.snapshot = snapshot;
  proxy.pump();
  proxy.ask('EDS');
  look();
  expect(observed).toEqual([['consul', 5]]);
  now += 5;
  publish('EDS web=3');
  proxy.ask('EDS');
  look();
  expect(observed.slice(1)).toEqual([['nacos', 5]]);
});

test('several changes of a registry before one publication count once, from the first', () => {
  const proxy = connect();
  latency.changed('consul');
  now += 4;
  latency.changed('consul');
  latency.changed('nacos');
  publish('EDS web=2');
  now += 1;
  proxy.ask('EDS');
  look();
  expect(observed).toEqual([
    ['consul', 5],
    ['nacos', 1],
  ]);
});

test('a change that was overtaken is acknowledged with what contains it', () => {
  const proxy = connect();
  latency.changed('consul');
  publish('EDS web=2');
  now += 10;
  latency.changed('consul');
  publish('EDS web=3');
  now += 10;
  look();
  expect(observed).toEqual([]);
  proxy.ask('EDS');
  look();
  expect(observed).toEqual([
    ['consul', 20],
    ['consul', 10],
  ]);
});

test('under changes that never cease each is acknowledged in its turn', () => {
  const proxy = connect();
  let last = '';
  for (let round = 1; round <= 5; round += 1) {
    latency.changed('consul');
    publish(`EDS web=${round + 1}`);
    // Always one behind: the answer to the response before.
    if (round > 1) proxy.ask('EDS', { nonce: last });
    last = proxy.type('EDS')?.nonce ?? '';
    look();
    now += 10;
  }
  expect(observed.length).toBeGreaterThanOrEqual(3);
  expect(observed.every(([, milliseconds]) => milliseconds === 10)).toBe(true);
});

test('a proxy that goes is not waited for, one that comes later neither; a refusal is an answer', () => {
  const [proxy, gone] = [connect(), connect()];
  latency.changed('consul');
  publish('EDS web=2');
  now += 7;
  connect().publish('EDS web=9');
  proxy.ask('EDS', { error: 'no' });
  look();
  expect(observed).toEqual([]);
  streams.delete(gone);
  look();
  expect(observed).toEqual([['consul', 7]]);
});

test('a proxy that never answers does not make the memory grow', () => {
  const proxy = connect();
  for (let round = 0; round < 200; round += 1) {
    latency.changed('consul');
    publish(`EDS web=${round + 2}`);
    now += 1;
    look();
  }
  expect(looks).toHaveLength(1);
  proxy.ask('EDS');
  look();
  look();
  expect(observed).toHaveLength(64);
  expect(observed[0]).toEqual(['consul', 200]);
  expect(latency.waiting).toBe(0);
});

test('the last of several processes counts, one that ends is not waited for', () => {
  processes = [1, 2, 3];
  const proxy = connect();
  latency.changed('consul');
  publish('EDS web=2');
  proxy.ask('EDS');
  look();
  now += 10;
  latency.reached(2, 1, false);
  expect(observed).toEqual([]);
  expect(latency.waiting).toBe(0.01);
  now += 5;
  latency.gone(3);
  expect(observed).toEqual([['consul', 15]]);
});

test('a process that has a later publication has the earlier ones too', () => {
  processes = [2];
  latency.changed('consul');
  publish('EDS web=2');
  now += 10;
  latency.changed('nacos');
  publish('EDS web=3');
  now += 5;
  latency.reached(2, 2, true);
  expect(observed).toEqual([
    ['consul', 15],
    ['nacos', 5],
  ]);
});

test('what no process had to send is no latency, whatever was sent for what no registry changed', () => {
  const proxy = connect();
  publish('EDS web=2');
  latency.changed('consul');
  publish('CDS other=1');
  streams.delete(proxy);
  look();
  expect(observed).toEqual([]);
});

test('a publication that comes in several changes of the cache is acknowledged with the last', () => {
  const proxy = connect();
  latency.changed('consul');
  latency.building();
  acknowledgements.changed();
  snapshot = snapshot.with(
    new Map([[resource('EDS web=2').typeUrl, new Map([['web', resource('EDS web=2')]])]]),
  );
  proxy.snapshot = snapshot;
  proxy.pump();
  proxy.ask('EDS');
  acknowledgements.changed();
  snapshot = snapshot.with(
    new Map([[resource('EDS api=2').typeUrl, new Map([['api', resource('EDS api=2')]])]]),
  );
  latency.published();
  latency.built();
  now += 3;
  look();
  expect(observed).toEqual([]);
  proxy.snapshot = snapshot;
  proxy.pump();
  now += 4;
  proxy.ask('EDS');
  look();
  expect(observed).toEqual([['consul', 7]]);
});
