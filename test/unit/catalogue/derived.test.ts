import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import { type DerivedPart, DerivedServices } from '../../../src/catalogue/derived.js';
import { addressOf, type Instance } from '../../../src/model/instance.js';
import { instanceAt } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let catalogue: Catalogue;
let told: string[][];

beforeEach(() => {
  told = [];
  catalogue = new Catalogue({ logger: pino({ enabled: false }) });
  catalogue.onChange((names) => told.push([...names].sort()));
});

/** Registries by name, each with a template. */
function use(templates: Readonly<Record<string, string>>) {
  const sources = Object.entries(templates).map(([name, serviceTemplate]) => ({
    source: new ScriptedSource(name),
    rules: { serviceTemplate, skipped: () => false },
  }));
  const sinks = catalogue.setSources(sources);
  return (registry: string, service: string, ...instances: readonly Instance[]) => {
    const source = sources.find((entry) => entry.source.registry === registry)?.source;
    const sink = source === undefined ? undefined : sinks.get(source);
    if (sink === undefined) throw new Error(`no registry ${registry}`);
    sink.set({ service }, { instances, filtered: [] });
    sink.synced();
  };
}
const both = () => use({ eu: '{service}', na: '{service}' });
const derive = (...parts: readonly DerivedPart[]) =>
  catalogue.setDerived(new DerivedServices(new Map([['shop', parts]])));
const shop = () => catalogue.service('shop');
const addresses = () => shop()?.instances.map(addressOf);
const weights = () =>
  Object.fromEntries(shop()?.instances.map((instance) => [addressOf(instance), instance.weight]) ?? []);

describe('a service that is made of others', () => {
  test('is there with nothing to serve before its parts are', () => {
    both();
    derive({ service: 'web' });
    expect(shop()).toEqual({ name: 'shop', registries: [], instances: [], filtered: [] });
    expect([...catalogue.names()]).toEqual(['shop']);
  });

  test('merges its parts, of equal addresses the first part’s', () => {
    const say = both();
    say('eu', 'web', instanceAt('a:1'), instanceAt('b:1', { weight: 2 }));
    say('na', 'api', instanceAt('b:1', { weight: 3 }), instanceAt('c:1'));
    derive({ service: 'api' }, { service: 'web' });
    expect(weights()).toEqual({ 'a:1': 1, 'b:1': 3, 'c:1': 1 });
    expect(shop()).toMatchObject({
      registries: ['na', 'eu'],
      filtered: [{ address: 'b:1', reason: 'duplicate', registry: 'eu' }],
    });
  });

  test('stands in place of the instances of its own name, which it may name as a part', () => {
    const say = both();
    say('eu', 'shop', instanceAt('a:1'));
    say('na', 'shop', instanceAt('b:1'));
    derive({ service: 'shop', registry: 'na' });
    expect(addresses()).toEqual(['b:1']);
  });

  test('takes a part of one registry, or of all', () => {
    const say = both();
    say('eu', 'web', instanceAt('a:1'));
    say('na', 'web', instanceAt('b:1'));
    derive({ service: 'web', registry: 'na' });
    expect(addresses()).toEqual(['b:1']);
    derive({ service: 'web' });
    expect(addresses()).toEqual(['a:1', 'b:1']);
  });

  test('finds a service by its own name where a template renames it, and by that name', () => {
    const say = use({ eu: '{registry}/{service}', na: '{service}' });
    say('eu', 'web', instanceAt('a:1'));
    for (const service of ['web', 'eu/web']) {
      derive({ service });
      expect(addresses()).toEqual(['a:1']);
    }
  });

  test('chooses by metadata and by the registry’s cluster, of which all must agree', () => {
    const say = both();
    const metadata = { version: 'v1', zone: 'x' };
    say('eu', 'web', instanceAt('a:1', { metadata, cluster: 'C1' }), instanceAt('b:1', { cluster: 'C2' }));
    say('na', 'web', instanceAt('c:1', { metadata: { version: 'v1' } }));
    derive({ service: 'web', where: { metadata: { version: 'v1' } } });
    expect(addresses()).toEqual(['a:1', 'c:1']);
    derive({ service: 'web', where: { metadata: { version: 'v1', zone: 'x' } } });
    expect(addresses()).toEqual(['a:1']);
    derive({ service: 'web', where: { cluster: 'C2' } });
    expect(addresses()).toEqual(['b:1']);
    derive({ service: 'web', where: { cluster: 'C2', metadata: { version: 'v1' } } });
    expect(addresses()).toEqual([]);
  });
});

describe('a part of one namespace and group', () => {
  test.each(['{service}', '{namespace}/{group}/{service}'])('is no other’s, published by %s', (template) => {
    const source = new ScriptedSource('nacos');
    const rules = { serviceTemplate: template, skipped: () => false };
    const sink = catalogue.setSources([{ source, rules }]).get(source);
    const at = (namespace: string, group: string, address: string) =>
      sink?.set({ service: 'web', namespace, group }, { instances: [instanceAt(address)], filtered: [] });
    at('public', 'G1', 'a:1');
    at('team', 'G1', 'b:1');
    at('team', 'G2', 'c:1');
    sink?.synced();
    derive({ service: 'web', where: { namespace: 'team', group: 'G1' } });
    expect(addresses()).toEqual(['b:1']);
    told = [];
    at('team', 'G1', 'd:1');
    sink?.synced();
    expect(told.flat()).toContain('shop');
    expect(addresses()).toEqual(['d:1']);
    derive({ service: 'web', where: { namespace: 'elsewhere', group: 'G1' } });
    expect(addresses()).toEqual([]);
  });
});

describe('the share of a part', () => {
  test('is its own whatever its instances weigh, among which it is divided by their weights', () => {
    const say = both();
    say('eu', 'web', instanceAt('a:1', { weight: 100 }), instanceAt('b:1', { weight: 200 }));
    say('na', 'web', instanceAt('c:1', { weight: 1 }));
    derive({ registry: 'eu', service: 'web', weight: 90 }, { registry: 'na', service: 'web', weight: 10 });
    expect(weights()).toEqual({ 'a:1': 30, 'b:1': 60, 'c:1': 10 });
  });

  test('of 0 takes the part out, its duplicates with it', () => {
    const say = both();
    say('eu', 'web', instanceAt('a:1'), instanceAt('b:1'));
    say('na', 'web', instanceAt('b:1', { weight: 3 }));
    derive({ registry: 'eu', service: 'web', weight: 0 }, { registry: 'na', service: 'web', weight: 100 });
    expect(weights()).toEqual({ 'b:1': 100 });
    expect(shop()?.filtered).toEqual([]);
  });

  test('is divided among the instances that no earlier part has', () => {
    const say = both();
    say('eu', 'web', instanceAt('a:1'), instanceAt('b:1'));
    say('na', 'web', instanceAt('b:1'), instanceAt('c:1'), instanceAt('d:1'));
    derive({ registry: 'eu', service: 'web', weight: 90 }, { registry: 'na', service: 'web', weight: 10 });
    expect(weights()).toEqual({ 'a:1': 45, 'b:1': 45, 'c:1': 5, 'd:1': 5 });
  });

  test('of none leaves the weights as they are', () => {
    const say = both();
    say('eu', 'web', instanceAt('a:1', { weight: 7 }));
    derive({ service: 'web', priority: 1 });
    expect(shop()?.instances).toMatchObject([{ weight: 7, priority: 1 }]);
  });
});

describe('a change', () => {
  test('of a part is one of the service, of others is not', () => {
    const say = both();
    derive({ registry: 'eu', service: 'web' });
    say('eu', 'web', instanceAt('a:1'));
    say('eu', 'api', instanceAt('a:1'));
    say('na', 'other', instanceAt('a:1'));
    expect(told).toEqual([['shop', 'web'], ['api'], ['other']]);
  });

  test('of a renamed part is one of the service', () => {
    const say = use({ eu: '{registry}/{service}' });
    derive({ service: 'web' });
    say('eu', 'web', instanceAt('a:1'));
    expect(told).toEqual([['eu/web', 'shop']]);
  });
});
