import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastKnownGoodText, readLastKnownGood } from '../../../src/catalogue/last-known-good.js';
import { SourceState } from '../../../src/catalogue/source-state.js';
import { readList } from '../../../src/discovery/consul/catalog-answer.js';
import { CatalogMapping } from '../../../src/discovery/consul/catalog-mapping.js';
import { KeyReader } from '../../../src/discovery/consul-kv/key.js';
import { KvMapping } from '../../../src/discovery/consul-kv/kv-mapping.js';
import { ServiceTable as EtcdTable } from '../../../src/discovery/etcd/service-table.js';
import { readEurekaAnswer } from '../../../src/discovery/eureka/eureka-answer.js';
import { EurekaMapping } from '../../../src/discovery/eureka/eureka-mapping.js';
import { readFileService } from '../../../src/discovery/file/file-instance.js';
import { parseServiceFile } from '../../../src/discovery/file/service-file.js';
import { apiV1 } from '../../../src/discovery/nacos/api-v1.js';
import { apiV3 } from '../../../src/discovery/nacos/api-v3.js';
import { decodeMessage } from '../../../src/discovery/nacos/payload.js';
import { ServiceTable as NacosTable } from '../../../src/discovery/nacos/service-table.js';
import type { ServiceState } from '../../../src/discovery/source.js';
import { readChild } from '../../../src/discovery/zookeeper/instance-format.js';
import { readServicePayload } from '../../../src/discovery/zookeeper/json-format.js';
import type { ReadInstance } from '../../../src/model/read-entry.js';
import { toJson } from '../../../src/protobuf/json.js';
import { lengthDelimited, text } from '../../../src/protobuf/wire.js';
import { clusterPolicy } from '../../../src/publish/policy.js';
import { clusterResource } from '../../../src/resources/cluster.js';
import { endpointsResource } from '../../../src/resources/endpoints.js';
import { httpAnswer } from '../../support/http-answer.js';
import { POISON, type PoisonEntry } from '../../support/poison.js';

interface Entry extends PoisonEntry {
  readonly host: string;
}

const GOOD: Entry = { host: '10.0.0.1', weight: '5', metadata: '{"version":"v1"}' };
const ALSO_GOOD: Entry = { ...GOOD, host: '10.0.0.3' };
const POISONED = '10.0.0.2';

const kv = ({ weight, metadata }: Entry) => `{"weight":${weight},"metadata":${metadata}}`;
const record = ({ host, ...entry }: Entry) =>
  `{"host":"${host}","port":80,${kv({ host, ...entry }).slice(1)}`;
const curator = ({ host, weight, metadata }: Entry) =>
  `{"id":"1","address":"${host}","port":80,"payload":{"weight":${weight},"more":${metadata},${flat(metadata)}}}`;
const nacos = ({ host, weight, metadata }: Entry) =>
  `{"ip":"${host}","port":80,"weight":${weight},"metadata":${metadata},"healthy":true}`;
const list = (entries: readonly Entry[], one: (entry: Entry) => string) => `[${entries.map(one).join(',')}]`;

function stateOf(reads: readonly (ReadInstance | undefined)[]): ServiceState {
  return {
    instances: reads.flatMap((read) => read?.instance ?? []),
    filtered: reads.flatMap((read) => read?.filtered ?? []),
  };
}

const key = { namespace: 'public', group: 'DEFAULT_GROUP', service: 'web' };

function fileState(content: string): ServiceState | undefined {
  const { services, error } = parseServiceFile(content);
  if (services === undefined) throw new Error(error);
  return readFileService(services.get('web')?.items ?? [], 1);
}

/** From what each registry says of a service's entries to the service. */
const REGISTRIES: Readonly<Record<string, (entries: readonly Entry[]) => ServiceState | undefined>> = {
  consul_kv: (entries) =>
    new KvMapping(new KeyReader('upstreams', []), 1)
      .apply(
        entries.map((entry) => ({
          key: `upstreams/web/${entry.host}:80`,
          value: Buffer.from(kv(entry)).toString('base64'),
        })),
      )
      .get('web'),
  consul: (entries) => {
    const mapping = new CatalogMapping({ weight: 1, use_weights: true, tags: [], metadata: {} });
    const one = ({ host, weight, metadata }: Entry) =>
      `{"Node":{"Node":"n"},"Service":{"ID":"${host}","Address":"${host}","Port":80,
        "Meta":${metadata},"Weights":{"Passing":${weight}}},"Checks":[]}`;
    let state: ServiceState | undefined;
    mapping.take('web', readList(httpAnswer(list(entries, one))), (said) => {
      state = said;
    });
    return state;
  },
  etcd: (entries) => {
    const table = new EtcdTable(1);
    for (const entry of entries) table.change(`web/${entry.host}:80`, kv(entry));
    return new Map(table.takeTouched()).get('web');
  },
  'etcd, naming form': (entries) => {
    const table = new EtcdTable(1);
    for (const { host, weight, metadata } of entries)
      table.change(`web/${host}`, `{"Addr":"${host}:80","Metadata":${metadata},"weight":${weight}}`);
    return new Map(table.takeTouched()).get('web');
  },
  eureka: (entries) => {
    const one = ({ host, weight, metadata }: Entry) =>
      `{"instanceId":"${host}","ipAddr":"${host}","port":{"$":80,"@enabled":"true"},"status":"UP",
        "metadata":{"weight":${weight},"more":${metadata},${flat(metadata)}}}`;
    const body = `{"applications":{"application":[{"name":"web","instance":${list(entries, one)}}]}}`;
    const mapping = new EurekaMapping(1);
    mapping.replace(readEurekaAnswer(httpAnswer(body)).applications);
    return mapping.takeChanges().get('web');
  },
  'zookeeper, json': (entries) =>
    stateOf(entries.map((entry) => readChild('json', `${entry.host}:80`, kv(entry), 1))),
  'zookeeper, auto': (entries) =>
    stateOf(entries.map((entry) => readChild('auto', `node-${entry.host}`, record(entry), 1))),
  'zookeeper, curator': (entries) =>
    stateOf(entries.map((entry) => readChild('curator', entry.host, curator(entry), 1))),
  'zookeeper, spring': (entries) =>
    stateOf(entries.map((entry) => readChild('spring', entry.host, curator(entry), 1))),
  'zookeeper, one znode': (entries) => stateOf(readServicePayload(list(entries, record), 1).reads ?? []),
  'nacos v1': (entries) => {
    const hosts = apiV1.readInstances(httpAnswer(`{"hosts":${list(entries, nacos)}}`));
    return new NacosTable(1).put(key, hosts);
  },
  'nacos v3': (entries) => {
    const hosts = apiV3.readInstances(httpAnswer(`{"code":0,"data":${list(entries, nacos)}}`));
    return new NacosTable(1).put(key, hosts);
  },
  'nacos push': (entries) => {
    const body = `{"serviceInfo":{"name":"web","groupName":"G","hosts":${list(entries, nacos)}}}`;
    const frame = Buffer.concat([
      lengthDelimited(2, text(3, 'NotifySubscriberRequest')),
      lengthDelimited(3, text(2, body)),
    ]);
    const info = decodeMessage(frame).body.serviceInfo as { readonly hosts: readonly unknown[] };
    return new NacosTable(1).put(key, info.hosts);
  },
  'file, JSON': (entries) => fileState(`{"services":{"web":${list(entries, record)}}}`),
  'file, YAML': (entries) =>
    fileState(`services:\n  web:\n${entries.map((e) => `  - ${record(e)}\n`).join('')}`),
};

/** What stands in the metadata where they are an object that has something in it. */
function flat(metadata: string): string {
  return metadata.length > 2 && metadata.startsWith('{') ? metadata.slice(1, -1) : '"a":0';
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-poison-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is done with a service's state from then on. */
function digest(state: ServiceState): void {
  const source = { registry: 'r', server: 's', run: () => Promise.resolve() };
  const silent = () => undefined;
  const services = { failing: silent, recovered: silent };
  const events = { changed: silent, failed: silent, held: silent, services };
  const catalogued = new SourceState(source, { serviceTemplate: '{service}', skipped: () => false }, events, {
    now: () => 0,
    elapsed: () => 0,
  });
  for (const said of [state, structuredClone(state)]) {
    catalogued.set({ service: 'web' }, said);
    catalogued.synced();
  }
  const file = join(folder, 'dump');
  writeFileSync(file, lastKnownGoodText(new Map([['s', catalogued.entries()]]), 1));
  expect(readLastKnownGood(file)).toMatchObject({ found: new Map([['s', [[{ service: 'web' }, state]]]]) });

  const metadataKeys = [...new Set(state.instances.flatMap(({ metadata }) => Object.keys(metadata)))];
  const endpoints = endpointsResource('web', state.instances, { metadataKeys });
  const cluster = clusterResource('web', state.instances, clusterPolicy([], state.instances));
  const shown = JSON.stringify([
    toJson('envoy.config.endpoint.v3.ClusterLoadAssignment', endpoints.body),
    toJson('envoy.config.cluster.v3.Cluster', cluster.body),
  ]);
  expect(shown).not.toContain('\ufffd');
  // How JSON writes half of a surrogate pair.
  expect(shown).not.toMatch(/\\ud[89a-f]/);
}

describe.each(Object.entries(REGISTRIES))('%s', (_, mapped) => {
  test.each(POISON)('$name', ({ becomes, ...poison }) => {
    const state = mapped([GOOD, { ...poison, host: POISONED }, ALSO_GOOD]);
    if (state === undefined) throw new Error('there is no service');
    const served = state.instances.map(({ host }) => host).sort();
    if (becomes === 'served') {
      expect(served).toEqual(['10.0.0.1', POISONED, '10.0.0.3']);
    } else if (becomes === 'either') {
      expect(served).toEqual(expect.arrayContaining(['10.0.0.1', '10.0.0.3']));
      expect(served.length + state.filtered.length).toBe(3);
    } else {
      expect(served).toEqual(['10.0.0.1', '10.0.0.3']);
      expect(state.filtered).toEqual([
        {
          address: expect.stringContaining(POISONED),
          reason: becomes.filtered,
          detail: expect.stringMatching(becomes.detail),
        },
      ]);
    }
    digest(state);
  });
});
