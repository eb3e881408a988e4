import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { writeSection } from '../reliability/page.js';
import { answeredBy } from '../support/faults/answered-by.js';
import { CoreLab } from '../support/faults/core-lab.js';
import { type CellResult, FAULTS, type Subject } from '../support/faults/fault.js';
import { type FaultyRegistry, startFaultyRegistries } from '../support/faults/faulty-registry.js';
import { broken, faultTable, tryFaults } from '../support/faults/matrix.js';
import { networkFaults } from '../support/faults/network.js';
import { SteadyLoad } from '../support/faults/steady-load.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const LONG = process.env.SIGNALBOX_FAULTS === 'long';
/** How long each fault lasts, milliseconds. */
const HOLD = LONG ? 10_000 : 500;
/** Requests a second through each Envoy. */
const RATE = 200;
const PATIENCE = LONG ? 600_000 : 240_000;
const TYPES = ['consul_kv', 'consul', 'etcd', 'eureka', 'zookeeper', 'nacos', 'file'] as const;
const NETWORK = 'network etcd–Signalbox';

const results = new Map<string, readonly CellResult[]>();
let registries: readonly FaultyRegistry[];
let backends: readonly Backend[];
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;
let load: SteadyLoad;
let core: CoreLab;
let coreLoad: SteadyLoad;

const pathOf = ({ service }: FaultyRegistry) => `/${service}/`;
const portOf = (name: string) => backends.find((backend) => backend.name === name)?.port ?? 0;

beforeAll(async () => {
  const names = ['steady', 'first', 'second'];
  [registries, backends, core] = await Promise.all([
    startFaultyRegistries(),
    Promise.all(names.map((name) => Backend.start(name))),
    CoreLab.start(),
  ]);
  await Promise.all(registries.map((registry) => registry.set([portOf('steady'), portOf('first')])));
  const port = await freePort();
  signalbox = await Signalbox.start({
    discovery: Object.fromEntries(registries.map(({ type, options }) => [type, options])),
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: registries.map((registry) => ({
      match: { prefix: pathOf(registry) },
      service_name: registry.service,
    })),
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
  for (const registry of registries) await answeredBy(traffic, pathOf(registry), ['steady', 'first']);
  await answeredBy(core.traffic, core.path, ['steady', 'first']);
  load = new SteadyLoad(traffic, registries.map(pathOf), RATE);
  coreLoad = new SteadyLoad(core.traffic, [core.path], RATE);
});

afterAll(async () => {
  await Promise.all([load?.stop(), coreLoad?.stop()]);
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all(
    [...(registries ?? []), ...(backends ?? []), ...(core ? [core] : [])].map((one) => one.close()),
  );
  writeTable();
});

function writeTable(): void {
  const rows = [...TYPES, ...core.subjects.map(({ name }) => name), NETWORK];
  // A run of some of them only leaves the page alone. They end in any order.
  const cells = rows.flatMap((row) => results.get(row) ?? []);
  if (cells.length < rows.length * FAULTS.length) return;
  console.log(faultTable(cells, true));
  writeSection('faults', faultTable(cells, false));
  if (LONG) writeSection('faults-long', faultTable(cells, true));
}

/** Replaces one of the two instances. */
function changes(registry: FaultyRegistry): () => Promise<void> {
  let next = 'second';
  return async () => {
    const ports = [portOf('steady'), portOf(next)];
    await eventually(async () => await registry.set(ports), 60_000, 100);
    await answeredBy(traffic, pathOf(registry), ['steady', next]).catch(async (thrown: unknown) => {
      const known = JSON.stringify(await signalbox.get(`/services/${registry.service}`));
      throw new Error(`${String(thrown)}; Signalbox knows ${known}`, { cause: thrown });
    });
    next = next === 'second' ? 'first' : 'second';
  };
}

function subjectsOf(type: string): readonly Subject[] {
  const registry = registries.find((one) => one.type === type);
  if (registry === undefined) throw new Error(`no registry ${type}`);
  const own = { path: pathOf(registry), change: changes(registry) };
  const itself = { ...own, name: type, faults: registry.faults };
  if (type !== 'etcd') return [itself];
  return [itself, { ...own, name: NETWORK, faults: networkFaults(registry.proxies, own.change) }];
}

test.concurrent.for(TYPES)(
  '%s may fail in any way: no request does, and what changes later is seen',
  { timeout: PATIENCE },
  async (type) => {
    for (const subject of subjectsOf(type)) {
      const cells = await tryFaults(subject, load, HOLD);
      results.set(subject.name, cells);
      expect(broken(cells)).toEqual([]);
    }
  },
);

test.concurrent(
  'Signalbox, Envoy and the network may fail in any way: no request does that need not, and what changes later is seen',
  async () => {
    for (const subject of core.subjects) {
      const cells = await tryFaults(subject, coreLoad, HOLD);
      results.set(subject.name, cells);
      expect(broken(cells)).toEqual([]);
    }
  },
  PATIENCE,
);
