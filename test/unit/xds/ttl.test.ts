import { expect, test } from 'vitest';
import type { SignalboxError } from '../../../src/errors.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { NameTable } from '../../../src/xds/name-set.js';
import type { Response } from '../../../src/xds/response.js';
import { Subscription } from '../../../src/xds/subscription.js';
import { WithheldTtls, withoutTheirTtl } from '../../../src/xds/ttl.js';

const { cluster, endpoints } = TYPE_URL;
const make = (typeUrl: string, name: string, ttl?: number) =>
  makeResource(typeUrl, name, Buffer.from('x'), [], ttl);

function responseOf(typeUrl: string, ...resources: readonly ReturnType<typeof make>[]): Response {
  return { typeUrl, version: '1', resources, removed: [], changed: resources, weight: 1 };
}

function withheld() {
  const errors: SignalboxError[] = [];
  const logged: unknown[] = [];
  const logger = { warn: (...line: unknown[]) => void logged.push(line) };
  return { errors, logged, ttls: new WithheldTtls(logger, (error) => void errors.push(error)) };
}

test('a TTL that SotW does not carry is reported once a resource, with what to do', () => {
  const { errors, logged, ttls } = withheld();
  const response = responseOf(endpoints, make(endpoints, 'a', 5), make(endpoints, 'b'));
  for (let time = 0; time < 2; time += 1) ttls.sent('sotw', response);
  ttls.sent('sotw', responseOf(endpoints, make(endpoints, 'a', 6), make(endpoints, 'c', 6)));
  expect(errors.map(({ code, message }) => [code, /^.+?:/.exec(message)?.[0]])).toEqual([
    ['ttl_not_sent', 'EDS "a":'],
    ['ttl_not_sent', 'EDS "c":'],
  ]);
  expect(logged).toEqual(errors.map(({ code, message }) => [{ code }, message]));
  expect(errors[0]?.message).toContain('Use delta xDS, or leave the TTL out.');
});

test('a TTL that is sent is not reported', () => {
  const { errors, ttls } = withheld();
  ttls.sent('delta', responseOf(endpoints, make(endpoints, 'a', 5)));
  ttls.sent('sotw', responseOf(cluster, make(cluster, 'a', 5)));
  ttls.sent('sotw', responseOf(endpoints, make(endpoints, 'b')));
  expect(errors).toEqual([]);
});

test('a message names some of many resources', () => {
  const { errors, ttls } = withheld();
  const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
  ttls.sent('sotw', responseOf(endpoints, ...names.map((name) => make(endpoints, name, 5))));
  expect(errors.map(({ message }) => message.slice(0, 45))).toEqual([
    'EDS "r0", "r1", "r2", "r3", "r4" and 15 more:',
  ]);
});

test('the names that are remembered are bounded', () => {
  const { errors, ttls } = withheld();
  const names = Array.from({ length: 10_000 }, (_, index) => `r${index}`);
  ttls.sent('sotw', responseOf(endpoints, ...names.map((name) => make(endpoints, name, 5))));
  ttls.sent('sotw', responseOf(endpoints, make(endpoints, 'one more', 5)));
  expect(errors).toHaveLength(1);
});

test('the status names what a stream was sent without its TTL', () => {
  const set = ResourceSet.EMPTY.with(
    new Map(
      [make(endpoints, 'a', 5), make(endpoints, 'b', 5), make(endpoints, 'c')].map((one) => [one.name, one]),
    ),
  );
  const some = Subscription.of(false, new NameTable().of(['a', 'c']));
  expect(withoutTheirTtl('sotw', endpoints, set, some)).toEqual(['a']);
  expect(withoutTheirTtl('delta', endpoints, set, some)).toEqual([]);
  expect(withoutTheirTtl('sotw', cluster, set, some)).toEqual([]);
});
