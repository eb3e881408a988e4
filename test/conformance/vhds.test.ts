import { expect } from 'vitest';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { discovering, namesOf, resourceOf, virtualHost, withTtl } from './resources.js';
import { rule } from './rule.js';
import { RDS } from './scripted-proxy.js';
import type { Received } from './wire.js';

const VHDS = TYPE_URL.virtualHost;

/** Each answered name with the resource that answers it; a resource without content answers with nothing. */
function answersIn({ resources }: Received): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    resources.flatMap(({ name, typeUrl, aliases }) =>
      aliases.map((alias) => [alias, typeUrl === '' ? undefined : name]),
    ),
  );
}

const HOSTS = [
  virtualHost('r/exact', ['a.test', 'Upper.Test']),
  virtualHost('r/wild', ['*.example.com']),
  virtualHost('r/longer', ['*.api.example.com']),
  virtualHost('r/one', ['one.api.example.com']),
  virtualHost('r/start', ['start.*']),
  virtualHost('r/port', ['port.test:8080']),
  virtualHost('other/all', ['*']),
  virtualHost('with/slash/exact', ['a.test']),
  virtualHost('portless/plain', ['plain.test']),
];
const ROUTES = [
  ...['r', 'other', 'with/slash'].map((name) => discovering(name)),
  discovering('portless', { ignore_port_in_host_matching: true }),
];

rule(
  'D20',
  async ({ proxy }) => {
    const client = proxy();
    await client.hold(VHDS);
    const taken = {
      'r/a.test': 'r/exact',
      'r/UPPER.TEST': 'r/exact',
      'r/x.y.example.com': 'r/wild',
      'r/x.api.example.com': 'r/longer',
      'r/one.api.example.com': 'r/one',
      'r/start.anything': 'r/start',
      'r/port.test:8080': 'r/port',
      'other/a.test:80': 'other/all',
      'with/slash/a.test': 'with/slash/exact',
      'portless/plain.test:9': 'portless/plain',
    };
    for (const [asked, name] of Object.entries(taken)) {
      const answer = await client.hold(VHDS, asked);
      expect([asked, namesOf(answer)]).toEqual([asked, [name]]);
      expect(answersIn(answer)[asked]).toBe(name);
      expect(answer.removed).toEqual([]);
    }
    // One resource of several aliases, though nothing changed.
    const again = await client.hold(VHDS, 'r/a.test', 'r/upper.test');
    expect(namesOf(again)).toEqual(['r/exact']);
    expect(Object.keys(answersIn(again)).sort()).toEqual(['r/UPPER.TEST', 'r/a.test', 'r/upper.test']);
    await client.end();
  },
  [...HOSTS, ...ROUTES],
);

rule(
  'D21',
  async ({ proxy }) => {
    const client = proxy();
    await client.hold(VHDS);
    for (const asked of [
      'r/b.test',
      'r/example.com',
      'r/.example.com',
      'r/a.test:80',
      'nowhere/a.test',
      'r/',
    ]) {
      const answer = await client.hold(VHDS, asked);
      expect(answer.resources).toMatchObject([{ name: asked, typeUrl: '', aliases: [asked] }]);
      expect(answer.removed).toEqual([]);
    }
    // Beside one that exists.
    expect(answersIn(await client.hold(VHDS, 'r/a.test', 'r/c.test'))).toEqual({
      'r/a.test': 'r/exact',
      'r/c.test': undefined,
    });
    await client.end();
  },
  [...HOSTS, ...ROUTES],
);

rule(
  'D22',
  async ({ proxy, lab }) => {
    const client = proxy();
    await client.hold(VHDS, 'r/a.test', 'r/x.example.com', 'r/late.test', 'r/named');
    lab.put(virtualHost('r/wild', ['*.example.com'], 2), virtualHost('r/one', ['one.api.example.com'], 2));
    expect(answersIn(await client.take(VHDS))).toEqual({ 'r/x.example.com': 'r/wild' });
    lab.put(virtualHost('r/late', ['late.test']));
    expect(answersIn(await client.take(VHDS))).toEqual({ 'r/late.test': 'r/late' });
    // A closer one takes the host over; the proxy has no more use for the other.
    lab.put(virtualHost('r/closer', ['x.example.com']));
    const closer = await client.take(VHDS);
    expect([answersIn(closer), closer.removed]).toEqual([{ 'r/x.example.com': 'r/closer' }, ['r/wild']]);
    lab.put(virtualHost('r/closer', ['elsewhere.test']));
    const back = await client.take(VHDS);
    expect([answersIn(back), back.removed]).toEqual([{ 'r/x.example.com': 'r/wild' }, ['r/closer']]);
    lab.remove({ typeUrl: VHDS, name: 'r/exact' });
    const gone = await client.take(VHDS);
    expect([answersIn(gone), gone.removed]).toEqual([{ 'r/a.test': undefined }, ['r/exact']]);
    // One that was asked for by its own name is removed, and then does not exist.
    lab.remove({ typeUrl: VHDS, name: 'r/named' });
    expect((await client.take(VHDS)).removed).toEqual(['r/named']);
    expect(answersIn(await client.take(VHDS))).toEqual({ 'r/named': undefined });
    // After a rejection all that it touched is said again.
    lab.put(virtualHost('r/late', ['late.test'], 2));
    client.nack(await client.next(VHDS));
    await client.settled();
    lab.put(virtualHost('r/wild', ['*.example.com'], 3));
    expect(answersIn(await client.take(VHDS))).toEqual({
      'r/x.example.com': 'r/wild',
      'r/late.test': 'r/late',
    });
    client.unsubscribe(VHDS, 'r/late.test');
    await client.settled();
    lab.put(virtualHost('r/late', ['late.test'], 3));
    await client.end();
  },
  [...HOSTS, ...ROUTES, virtualHost('r/named', ['named.test'])],
);

rule(
  'D23',
  async ({ proxy, lab, ads }) => {
    const client = proxy();
    if (ads) await client.hold(RDS, 'r', 'empty');
    const first = await client.hold(VHDS);
    const ofR = namesOf({ resources: first.resources.filter(({ name }) => name.startsWith('r/')) });
    expect(ofR).toEqual(['r/exact', 'r/longer', 'r/one', 'r/port', 'r/start', 'r/wild']);
    // The other route configurations are none of the stream's, as far as it says which are.
    expect(first.resources).toHaveLength(ads ? ofR.length : HOSTS.length);
    expect(first.removed).toEqual(['empty/']);
    if (ads) {
      lab.put(virtualHost('other/all', ['*'], 2));
      await client.quiet();
      lab.put(discovering('r', { most_specific_header_mutations_wins: true }));
      await client.take(RDS);
      expect(namesOf(await client.take(VHDS))).toEqual(ofR);
      await client.hold(RDS, 'other');
      expect(namesOf(await client.take(VHDS))).toEqual(['other/all']);
      lab.put(virtualHost('other/all', ['*'], 3));
      expect(namesOf(await client.take(VHDS))).toEqual(['other/all']);
    }
    await client.end();
  },
  [...HOSTS, ...ROUTES, discovering('empty')],
);

rule(
  'D24',
  async ({ proxy, lab }) => {
    const before = proxy();
    await before.hold(VHDS);
    const { resources } = await before.hold(VHDS, 'r/a.test', 'r/x.example.com', 'r/no.test');
    await before.end();
    const known = new Map(resources.map(({ name, version }) => [name, version]));
    lab.remove({ typeUrl: VHDS, name: 'r/exact' });
    const after = proxy();
    after.send({ typeUrl: VHDS, subscribe: ['r/a.test', 'r/x.example.com', 'r/no.test'], known });
    const again = await after.take(VHDS);
    expect(answersIn(again)).toEqual({
      'r/a.test': undefined,
      'r/no.test': undefined,
      'r/x.example.com': 'r/wild',
    });
    expect(again.removed).toContain('r/exact');
    // It had all of them, so that it goes on to be sent all, as any other Envoy.
    lab.put(virtualHost('r/start', ['start.*'], 2));
    expect(namesOf(await after.take(VHDS))).toEqual(['r/start']);
    await after.quiet();
  },
  HOSTS,
);

rule(
  'D25',
  async ({ proxy }) => {
    const client = proxy();
    const { version } = resourceOf(await client.hold(VHDS, 'r/a.test'), 'r/exact');
    expect((await client.take(VHDS)).resources).toMatchObject([
      { name: 'r/exact', typeUrl: '', version, aliases: [], ttl: 300 },
    ]);
  },
  HOSTS.map((resource) => withTtl(resource, 300)),
);
