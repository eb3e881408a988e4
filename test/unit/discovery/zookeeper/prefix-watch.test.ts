import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import type { ServiceState } from '../../../../src/discovery/source.js';
import type { ZooKeeperFormat } from '../../../../src/discovery/zookeeper/options.js';
import { type PrefixChanges, PrefixWatch } from '../../../../src/discovery/zookeeper/prefix-watch.js';
import { addressOf } from '../../../../src/model/instance.js';
import { ZooKeeperFake } from '../../../support/zookeeper-fake.js';

let fake: ZooKeeperFake;
let changes: PrefixChanges[];
let refused: string[];

const watch = (format: ZooKeeperFormat = 'auto', prefix = '/services') => {
  const failed = (thrown: unknown) => {
    throw thrown;
  };
  const take = (change: PrefixChanges) => void changes.push({ ...change, held: new Map(change.held) });
  return new PrefixWatch(
    fake,
    { prefix, format, weight: 100, skip_services: ['internal-*'] },
    take,
    (error) => void refused.push(error.message),
    failed,
  );
};
const addresses = (state: ServiceState | undefined) => state?.instances.map(addressOf).sort();
/** The services as all changes so far make them. */
const told = (all: readonly PrefixChanges[]): Readonly<Record<string, readonly string[]>> => {
  const services = new Map<string, readonly string[]>();
  for (const { services: changed } of all) {
    for (const [name, state] of changed) {
      if (state === undefined) services.delete(name);
      else services.set(name, addresses(state) ?? []);
    }
  }
  return Object.fromEntries(services);
};

beforeEach(() => {
  fake = new ZooKeeperFake();
  changes = [];
  refused = [];
});

test('the first change has everything, and comes when everything is read', async () => {
  fake.put('/services/a/10.0.0.1:80');
  fake.put('/services/b', '[{"host":"10.0.0.2","port":80}]');
  fake.put('/services/empty');
  watch();
  while (fake.open > 0) {
    expect(changes).toEqual([]);
    fake.answer();
    await fake.settle();
  }
  expect(changes.map(({ whole }) => whole)).toEqual([true]);
  expect(told(changes)).toEqual({ a: ['10.0.0.1:80'], b: ['10.0.0.2:80'], empty: [] });
});

test('an event has the znode concerned read again, and nothing else', async () => {
  for (let service = 0; service < 20; service += 1) {
    for (let instance = 0; instance < 10; instance += 1)
      fake.put(`/services/s${service}/10.0.${service}.${instance}:80`);
  }
  watch();
  await fake.quiet();
  fake.asked.length = 0;

  fake.put('/services/s3/10.0.3.1:80', '{"weight":7}');
  await fake.quiet();
  expect(fake.asked).toEqual(['data /services/s3/10.0.3.1:80']);
  expect([...(changes.at(-1)?.services.keys() ?? [])]).toEqual(['s3']);

  fake.asked.length = 0;
  fake.put('/services/s4/10.0.4.99:80');
  await fake.quiet();
  expect(fake.asked).toEqual(['children /services/s4', 'data /services/s4/10.0.4.99:80']);

  fake.asked.length = 0;
  fake.put('/services/new/10.1.0.1:80');
  await fake.quiet();
  expect(fake.asked.length).toBeLessThanOrEqual(5);
  expect(told(changes).new).toEqual(['10.1.0.1:80']);
});

test('never more than 32 requests are open, at the start and when everything changes at once', async () => {
  const paths = Array.from(
    { length: 1_000 },
    (_, index) => `/services/s${index % 50}/10.0.${index >> 8}.${index & 255}:80`,
  );
  for (const path of paths) fake.put(path);
  watch();
  await fake.quiet();
  expect(Object.values(told(changes)).flat()).toHaveLength(1_000);
  for (const path of paths) fake.put(path, '{"weight":2}');
  await fake.quiet();
  expect(fake.mostOpen).toBe(32);
});

test('a service without the prefix yet is seen when it comes', async () => {
  const root = watch();
  await fake.quiet();
  expect(changes).toMatchObject([{ whole: true }]);
  expect(root.complete).toBe(true);
  fake.put('/services/web/10.0.0.1:80');
  await fake.quiet();
  expect(told(changes)).toEqual({ web: ['10.0.0.1:80'] });
});

test('a refused service is held, is not waited for, and is read when that is allowed again', async () => {
  fake.put('/services/a/10.0.0.1:80');
  fake.put('/services/b/10.0.0.2:80');
  fake.refused.add('/services/b');
  const root = watch();
  await fake.quiet();
  expect(told(changes)).toEqual({ a: ['10.0.0.1:80'] });
  expect(changes[0]?.held.get('b')).toMatchObject({
    code: 'registry_refused',
    message: '/services/b: these credentials may not read it',
  });
  expect(root.failingZnodes).toBe(2);

  fake.refused.clear();
  fake.asked.length = 0;
  root.retryFailing();
  await fake.quiet();
  expect(fake.asked).toEqual(['data /services/b', 'children /services/b', 'data /services/b/10.0.0.2:80']);
  expect(told(changes).b).toEqual(['10.0.0.2:80']);
  expect(changes.at(-1)?.held.size).toBe(0);
  expect(root.failingZnodes).toBe(0);
});

test('services to skip are not read, and names that no path can have are told by themselves', async () => {
  for (const name of ['web', 'internal-a', '..', '\u0000', 'sp ace', 'ü'])
    fake.put(`/services/${name}/10.0.0.1:80`);
  watch();
  await fake.quiet();
  expect(Object.keys(told(changes)).sort()).toEqual(['sp ace', 'web', 'ü']);
  expect(fake.asked.filter((what) => !/^\w+ \/services(\/(sp ace|web|ü)|$)/.test(what))).toEqual([]);
  expect([...(changes.at(-1)?.unusable.keys() ?? [])].sort()).toEqual(['\u0000', '..']);
  fake.remove('/services/..');
  await fake.quiet();
  expect([...(changes.at(-1)?.unusable.keys() ?? [])]).toEqual(['\u0000']);
  expect(changes.at(-1)?.services.has('..')).toBe(true);
});

test('a refused prefix is no answer', async () => {
  fake.put('/services/a/10.0.0.1:80');
  fake.refused.add('/services');
  const root = watch();
  await fake.quiet();
  expect([refused, changes, root.complete]).toEqual([
    ['/services: these credentials may not read it'],
    [],
    false,
  ]);
});

test('a payload that breaks is held, and one put right is taken', async () => {
  fake.put('/services/web', '[{"host":"10.0.0.1","port":80}]');
  watch();
  await fake.quiet();
  fake.put('/services/web', '[{"host":');
  await fake.quiet();
  expect(changes.at(-1)?.held.get('web')?.code).toBe('registry_bad_answer');
  expect(told(changes)).toEqual({ web: ['10.0.0.1:80'] });
  fake.put('/services/web', '[]');
  await fake.quiet();
  expect(changes.at(-1)?.held.size).toBe(0);
  expect(told(changes)).toEqual({ web: [] });
});

test('Dubbo: only the providers are watched', async () => {
  const provider = encodeURIComponent('dubbo://10.0.0.1:20880/com.foo.Bar?version=1.0.0');
  fake.put(`/dubbo/com.foo.Bar/providers/${provider}`);
  fake.put('/dubbo/com.foo.Bar/consumers/consumer%3A%2F%2F10.0.0.9%2Fcom.foo.Bar');
  fake.put('/dubbo/com.foo.Unprovided/consumers');
  fake.put('/dubbo/metadata/com.foo.Bar');
  for (const format of ['auto', 'dubbo'] as const) {
    changes = [];
    fake.asked.length = 0;
    watch(format, '/dubbo');
    await fake.quiet();
    expect(told(changes)).toEqual({ 'com.foo.Bar': ['10.0.0.1:20880'] });
    expect(fake.asked.filter((what) => what.includes('consumers'))).toEqual([]);
  }
  fake.remove(`/dubbo/com.foo.Bar/providers/${provider}`);
  await fake.quiet();
  expect(told(changes)).toEqual({ 'com.foo.Bar': [] });
});

test('the prefix may be the root, whose own znode is no service', async () => {
  fake.put('/zookeeper/quota');
  fake.put('/web/10.0.0.1:80');
  watch('auto', '/');
  await fake.quiet();
  expect(told(changes)).toEqual({ web: ['10.0.0.1:80'] });
});

test.each([
  ['an instance', '10.0.0.1:80', '', '{"weight":0}'],
  ['the providers', 'providers', '', ''],
])('%s that was not there when it was read, and then is, is read again', async (_, name, before, after) => {
  const provider = encodeURIComponent('dubbo://10.0.0.9:20880/x');
  fake.put(`/services/a/${name}`, before);
  watch();
  await fake.quiet();
  const first = told(changes).a;

  fake.remove(`/services/a/${name}`);
  // The znode itself is asked for before the list that it was in.
  expect(fake.asked.at(-1)).toBe('children /services/a');
  fake.answer();
  await fake.settle();
  fake.put(`/services/a/${name}`, after);
  await fake.quiet();
  if (name === 'providers') fake.put(`/services/a/providers/${provider}`);
  await fake.quiet();
  expect([first, told(changes).a]).toEqual(
    name === 'providers' ? [[], ['10.0.0.9:20880']] : [['10.0.0.1:80'], []],
  );
});

test('whatever happens between two answers, in the end what is told is what is there', async () => {
  const service = fc.constantFrom('a', 'a', 'b');
  const provider = encodeURIComponent('dubbo://10.0.0.9:20880/x');
  const child = fc.constantFrom('10.0.0.1:80', 'providers', `providers/${provider}`);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('answer' as const), settle: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        service,
        child,
        data: fc.constantFrom('', '{"weight":0}'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), service, child }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), service }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'wipe' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('payload' as const),
        service,
        data: fc.constantFrom('', '[{"host":"10.0.0.3","port":80}]'),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      fake = new ZooKeeperFake();
      changes = [];
      fake.put('/services/a/10.0.0.1:80');
      watch();
      for (const todo of steps) {
        if (todo.kind === 'answer') {
          fake.answer();
          if (todo.settle) await fake.settle();
        }
        if (todo.kind === 'put') fake.put(`/services/${todo.service}/${todo.child}`, todo.data);
        if (todo.kind === 'remove') fake.remove(`/services/${todo.service}/${todo.child}`);
        if (todo.kind === 'drop') fake.remove(`/services/${todo.service}`);
        if (todo.kind === 'wipe') fake.remove('/services');
        if (todo.kind === 'payload') fake.put(`/services/${todo.service}`, todo.data);
      }
      await fake.quiet();
      const followed = told(changes);
      changes = [];
      watch();
      await fake.quiet();
      expect(followed).toEqual(told(changes));
    }),
    { numRuns: 1_500 },
  );
});
