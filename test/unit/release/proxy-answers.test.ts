import { beforeEach, describe, expect, test } from 'vitest';
import { type ProxyAnswer, ProxyAnswers, RELAY_USER_AGENT } from '../../../src/release/proxy-answers.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { UNKNOWN_NODE } from '../../../src/xds/node.js';
import type { Response } from '../../../src/xds/response.js';
import { aResource } from '../../support/resources.js';

const proxy = (group = 'edge', userAgent = 'envoy') => ({
  group,
  node: { ...UNKNOWN_NODE, id: 'n', userAgent },
});
const resources = ['a', 'b'].map((name) => aResource(name, '1', { typeUrl: TYPE_URL.listener }));
const versions = resources.map(({ typeUrl, name, version }) => ({ typeUrl, name, version }));
const response: Response = {
  ...{ typeUrl: TYPE_URL.listener, version: '1', resources, removed: [], changed: resources, weight: 0 },
};

let told: ProxyAnswer[];
let answers: ProxyAnswers;
beforeEach(() => {
  told = [];
  answers = new ProxyAnswers({ told: (answer) => told.push(answer) });
});

test('a response is accepted once for each group, and the first share of a group belongs to it', () => {
  for (const group of ['edge', 'edge', 'inner', 'edge', 'inner/first'])
    answers.acknowledged(response, proxy(group));
  expect(told).toEqual(['edge', 'inner', 'inner'].map((group) => ({ kind: 'accepted', group, versions })));
});

test('each response of a group is accepted, but for one that only removes', () => {
  const next = { ...response, version: '2' };
  const removal = { ...response, version: '3', resources: [], changed: [], removed: ['a'] };
  for (const accepted of [response, next, removal]) answers.acknowledged(accepted, proxy());
  expect(told).toEqual([response, next].map(() => ({ kind: 'accepted', group: 'edge', versions })));
});

test('a rejection is told with all that others must know of it', () => {
  answers.rejected(response, 'b:\n\u001b no', proxy('edge/first'));
  const rejected = {
    ...{ typeUrl: TYPE_URL.listener, suspects: [versions[1]], named: true, unbound: [] },
    ...{ message: 'b:  no', group: 'edge', node: 'n' },
  };
  expect(told).toEqual([{ kind: 'rejected', rejected }]);
});

test.each([RELAY_USER_AGENT, 'gRPC Node Pure JS', 'gRPC Go', 'gRPC C-core', 'tonic'])(
  'what a client says that is no Envoy tells nothing: %s',
  (userAgent) => {
    const client = proxy('edge', userAgent);
    answers.acknowledged(response, client);
    answers.rejected(response, 'a: no', client);
    answers.reported(TYPE_URL.listener, [['a', '1']], client);
    answers.settled(TYPE_URL.listener, client);
    expect(told).toEqual([]);
  },
);

test('what a client says that does not say what it is counts', () => {
  answers.rejected(response, 'a: no', proxy('edge', ''));
  expect(told).toHaveLength(1);
});

test('reports and ends of rejections are told with the group', () => {
  answers.reported(TYPE_URL.cluster, [['a', '1']], proxy('edge/first'));
  answers.settled(TYPE_URL.cluster, proxy('edge/first'));
  const typeUrl = TYPE_URL.cluster;
  expect(told).toEqual([
    { kind: 'reported', group: 'edge', versions: [{ typeUrl, name: 'a', version: '1' }] },
    { kind: 'settled', group: 'edge', node: 'n', typeUrl },
  ]);
});

describe('a listener that cannot be bound', () => {
  const unbound = (message: string, typeUrl: string = TYPE_URL.listener) => {
    answers.rejected({ ...response, typeUrl }, message, proxy());
    const last = told.at(-1);
    return last?.kind === 'rejected' ? last.rejected.unbound : undefined;
  };

  test.each([
    [
      'as Envoy 1.40 says it',
      "Error adding/updating listener(s) a: cannot bind '127.0.0.1:80': Permission denied",
      ['a'],
    ],
    [
      'one of two',
      'Error adding/updating listener(s) a: no filter chains\nb: Address already in use\n',
      ['b'],
    ],
    ['without a name', 'cannot listen on port', ['a', 'b']],
    ['none', 'Error adding/updating listener(s) a: no filter chains\n', []],
  ])('is known by the message: %s', (_title, message, names) => {
    expect(unbound(message)).toEqual(names);
  });

  test('is no matter of other types', () => {
    expect(unbound('a: cannot bind', TYPE_URL.cluster)).toEqual([]);
  });
});
