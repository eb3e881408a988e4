import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import type { ProxyAnswer } from '../../../src/release/proxy-answers.js';
import { ProxyOpinions } from '../../../src/release/proxy-opinions.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

const resources = [aResource('a', '2'), aResource('b', '2')];
const wanted = Snapshot.of(resources);
const changes = new Map([
  [TYPE_URL.cluster, new Map(resources.map((resource) => [resource.name, resource]))],
]);
let opinions: ProxyOpinions;
beforeEach(() => start(true));

function start(quarantine: boolean): void {
  opinions = new ProxyOpinions(quarantine, {
    ...{ wanted: () => wanted, held: () => undefined, later: () => undefined },
    ...{ logger: pino({ enabled: false }), now: () => 0 },
  });
  opinions.published(wanted, changes);
}

/** Whether an answer about versions of a and b changes what is served. */
const tells = (
  kind: 'accepted' | 'reported' | 'rejected',
  ...contents: readonly (readonly [string, string])[]
) => {
  const versions = contents.map(([name, content]) => aResource(name, content));
  const rejected = {
    ...{ typeUrl: TYPE_URL.cluster, message: 'no', group: 'all', node: 'n' },
    ...{ suspects: versions, named: true, unbound: [] },
  };
  const answer: ProxyAnswer = kind === 'rejected' ? { kind, rejected } : { kind, group: 'all', versions };
  return opinions.told(answer);
};

test('an acceptance changes what is served only where it ends a quarantine', () => {
  expect(tells('accepted', ['a', '2'], ['b', '1'])).toBe(false);
  expect(tells('rejected', ['b', '2'])).toBe(true);
  expect(tells('accepted', ['a', '2'])).toBe(false);
  expect(tells('accepted', ['b', '2'], ['a', '2'])).toBe(true);
});

test('a report changes what is served only where it is of something that is held back', () => {
  expect(tells('reported', ['a', '1'], ['unknown', '1'])).toBe(false);
  expect(tells('rejected', ['b', '2'])).toBe(true);
  expect(tells('reported', ['a', '2'])).toBe(false);
  expect(tells('reported', ['b', '1'], ['a', '0'])).toBe(true);
  expect(tells('reported', ['b', '1'])).toBe(false);
  expect(tells('reported', ['b', '2'], ['a', '2'])).toBe(true);
});

test('a rejection changes nothing where it is of nothing wanted, of what others accept, or where none counts', () => {
  expect(tells('rejected', ['a', '1'])).toBe(false);
  tells('accepted', ['a', '2']);
  expect(tells('rejected', ['a', '2'])).toBe(false);
  start(false);
  expect(tells('rejected', ['a', '2'])).toBe(false);
});

test('the end of a trouble changes nothing', () => {
  expect(opinions.told({ kind: 'settled', group: 'all', node: 'n', typeUrl: TYPE_URL.cluster })).toBe(false);
});
