import { availableParallelism, loadavg } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { writeSection } from '../reliability/page.js';
import { answeredBy } from '../support/faults/answered-by.js';
import { CoreLab } from '../support/faults/core-lab.js';
import { type CellResult, FAULTS, type Fault, type Probe, type Subject } from '../support/faults/fault.js';
import { type FaultyRegistry, startFaultyRegistries } from '../support/faults/faulty-registry.js';
import { broken, faultTable, tryFaults, unfelt } from '../support/faults/matrix.js';
import { networkFaults, reconnected, withoutFaults } from '../support/faults/network.js';
import { SteadyLoad } from '../support/faults/steady-load.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const LONG = process.env.SIGNALBOX_FAULTS === 'long';
/** How long each fault lasts at least, milliseconds; in any case until it is felt, where that can be told. */
const HOLD = LONG ? 10_000 : 250;
/** Requests a second through each Envoy. */
const RATE = 200;
const PATIENCE = LONG ? 600_000 : 240_000;
const TYPES = ['consul_kv', 'consul', 'etcd', 'eureka', 'zookeeper', 'nacos', 'file'] as const;
/** What has a network between it and Signalbox. */
const REMOTE = TYPES.filter((type) => type !== 'file');
const networkOf = (type: string) => `network ${type}–Signalbox`;
/** What comes to the same as that happening to the registry itself: packets that nobody answers, or answers with others. */
const SAME = ['frozen', 'slow by 2 s', 'cut in mid-message', 'answering garbage'] as const;
const SEE_REGISTRY = 'for Signalbox the same as in the row of the registry';

const results = new Map<string, readonly CellResult[]>();
interface RegistryState {
  readonly registry: string;
  readonly last_error: { readonly at: string } | null;
  readonly held: { readonly since: string } | null;
}

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
    // A machine that stands still for a while is not taken for an instance that does.
    services: { '*': { connect_timeout: '20s' } },
    routes: registries.map((registry) => ({
      match: { prefix: pathOf(registry) },
      service_name: registry.service,
      timeout: '60s',
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
  const rows = [...TYPES, ...core.subjects.map(({ name }) => name), ...REMOTE.map(networkOf)];
  // A run of some of them only leaves the page alone. They end in any order.
  const cells = rows.flatMap((row) => results.get(row) ?? []);
  if (cells.length < rows.length * FAULTS.length) return;
  const busy = `${availableParallelism()} processors, with ${loadavg()[1]?.toFixed(0)} programs that wanted them on average at the end`;
  const still = (Math.max(load.standstill, coreLoad.standstill) / 1000).toFixed(1);
  const figures = `${faultTable(cells, true)}\n\nOn ${busy}; the test itself was not let run for up to ${still} s at a time.`;
  console.log(figures);
  writeSection('faults', faultTable(cells, false));
  if (LONG) writeSection('faults-long', figures);
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

/** Servers that start slowly do not all start at once: these do last what others do first. */
const BACKWARDS: readonly string[] = ['consul', 'zookeeper', 'nacos'];

function subjectsOf(type: string): readonly Subject[] {
  const registry = registries.find((one) => one.type === type);
  if (registry === undefined) throw new Error(`no registry ${type}`);
  const own = {
    path: pathOf(registry),
    change: changes(registry),
    watch: (fault: Fault) => noticed(registry, fault),
    changesCome: true,
  };
  const itself = { ...own, name: type, faults: registry.faults };
  if (registry.proxies.length === 0) return [itself];
  const faults = withoutFaults(networkFaults(registry.proxies, own.change), SAME, SEE_REGISTRY);
  return [itself, { ...own, name: networkOf(type), faults }];
}

/** Whether Signalbox has come to know that something is wrong with a registry, or has connected to it again. */
async function noticed({ type, proxies }: FaultyRegistry, fault: Fault): Promise<Probe | undefined> {
  // A file that is there again at once is as good as one that was never away.
  if (type === 'file' && fault === 'restarted') return undefined;
  const wrong = async () => {
    const { registries: all } = await signalbox.get<{ registries: readonly RegistryState[] }>('/registries');
    const state = all.find(({ registry }) => registry === type);
    return `${state?.last_error?.at} ${state?.held?.since}`;
  };
  const before = await wrong();
  const connected = reconnected(proxies);
  const brief = fault === 'restarted' || fault === 'cut in mid-message';
  return async () => (brief && (await connected())) || (await wrong()) !== before;
}

test.concurrent.for(TYPES)(
  '%s may fail in any way: no request does, and what changes later is seen',
  { timeout: PATIENCE },
  async (type) => {
    const ordered = <T>(all: readonly T[]) => (BACKWARDS.includes(type) ? [...all].reverse() : all);
    for (const subject of ordered(subjectsOf(type))) {
      const cells = await tryFaults(subject, load, HOLD, ordered(FAULTS));
      results.set(subject.name, cells);
      expect([...broken(cells), ...unfelt(cells)]).toEqual([]);
    }
  },
);

test.concurrent(
  'Signalbox, Envoy and the network may fail in any way: no request does that need not, and what changes later is seen',
  async () => {
    for (const subject of core.subjects) {
      const cells = await tryFaults(subject, coreLoad, HOLD);
      results.set(subject.name, cells);
      expect([...broken(cells), ...unfelt(cells)]).toEqual([]);
    }
  },
  PATIENCE,
);
