import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';
import { Envoy } from '../peers/envoy.js';
import { freePort, freePorts, PeerProcess } from '../peers/process.js';
import { type GoPrograms, installGoPrograms } from './go-programs.js';
import { Mirror } from './mirror.js';
import type { Run, Suite } from './suite.js';

const MODES = ['xds', 'ads', 'delta', 'delta-ads'] as const;
type Mode = (typeof MODES)[number];

/** The node of the sample bootstraps. */
const NODE = 'test-id';
/** What the samples and the program call the same ports. */
const SAMPLE_PORTS = { xds: 18000, als: 18090, admin: 19000 };
/** The program's own numbers, but for the batches of requests: this machine may be busy. */
const UPDATES = 3;
const BATCHES = 10;
const MESSAGE = 'Default message';

/** go-control-plane's integration test with its server behind ours: https://github.com/envoyproxy/go-control-plane/tree/main/pkg/test/main */
export const goControlPlane: Suite = {
  key: 'go-control-plane',
  name: "go-control-plane's integration test, with a real Envoy",
  columns: ['Mode', 'Listeners', 'Snapshots', 'Request batches', 'Batches in which each listener answered'],
  async run(report) {
    const programs = await installGoPrograms();
    const upstream = await startUpstream();
    try {
      for (const mode of MODES)
        for (const tls of [false, true]) report(await runMode(programs, upstream, mode, tls));
    } finally {
      upstream.server.close();
    }
  },
};

interface Upstream {
  readonly server: Server;
  readonly port: number;
}

async function startUpstream(): Promise<Upstream> {
  const server = createServer((_, response) => response.end(MESSAGE));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as AddressInfo).port };
}

async function runMode(programs: GoPrograms, upstream: Upstream, mode: Mode, tls: boolean): Promise<Run> {
  // The program has listeners with VHDS in this mode alone.
  const listeners = mode === 'delta' ? 8 : 6;
  const ports = { own: await freePort(), gateway: await freePort(), als: await freePort() };
  const base = await freePorts(listeners);
  const program = PeerProcess.start('go-control-plane', programs.integration, [
    ...['-xds', mode, `-tls=${tls}`, '-nodeID', NODE, '-runtimes', mode === 'ads' ? '2' : '1'],
    ...['-port', `${ports.own}`, '-gateway', `${ports.gateway}`, '-als', `${ports.als}`, '-base', `${base}`],
    ...['-upstream', `${upstream.port}`, '-message', MESSAGE, '-u', `${UPDATES}`, '-r', `${BATCHES}`],
  ]);
  const mirror = new Mirror();
  const stops: (() => Promise<void>)[] = [() => mirror.stop(), () => program.stop()];
  try {
    await program.until(() => program.output.includes('management server listening'));
    const xds = Number((await mirror.listen()).split(':').at(-1));
    const bootstrap = bootstrapOf(programs, mode, { xds, als: ports.als, admin: 0 });
    const envoy = await Envoy.start(bootstrap, { waitFor: 'admin', drainTime: 1 });
    stops.unshift(() => envoy.stop());
    mirror.follow(`127.0.0.1:${ports.own}`, NODE);
    await program.ended;
    const batches = [...program.output.matchAll(/request batch \d+, ok (\d+), failed (\d+)/g)];
    const whole = batches.filter(([, ok, failed]) => Number(ok) === listeners && failed === '0').length;
    const reason = program.exitCode === 0 ? await wrongWith(envoy) : program.output.slice(-1_500);
    return {
      name: tls ? `${mode}, TLS` : mode,
      passed: reason === undefined,
      cells: [listeners, UPDATES, batches.length, whole],
      ...(reason !== undefined && { reason: `${reason}\nEnvoy: ${envoy.process.output.slice(-1_500)}` }),
    };
  } finally {
    for (const stop of stops) await stop();
  }
}

/**
 * What the program does not look at: an Envoy that stayed with the first snapshot would answer all requests of the
 * later ones too.
 */
async function wrongWith(envoy: Envoy): Promise<string | undefined> {
  const stats = await envoy.stats();
  const rejected = [...stats].filter(([name, value]) => name.endsWith('.update_rejected') && value > 0);
  if (rejected.length > 0) return `Envoy has rejected: ${rejected.map(([name]) => name).join(', ')}`;
  const last = `v${UPDATES - 1}`;
  let versions = '';
  const settled = async () => {
    const dump = JSON.stringify([...(await envoy.configDump()).values()]);
    const found = [...dump.matchAll(/"(?:cluster|route)-(v\d+)-\d+"/g)].map(([, version]) => version);
    versions = [...new Set(found)].join(', ');
    return versions === last;
  };
  // Listeners that are drained keep the routes of earlier snapshots for a while.
  return await envoy.process.until(settled, 20_000).then(
    () => undefined,
    () => `Envoy has clusters and routes of ${versions || 'no snapshot'}, not of ${last} alone`,
  );
}

/** The bootstrap that the suite brings, with other ports. */
function bootstrapOf(programs: GoPrograms, mode: Mode, ports: typeof SAMPLE_PORTS): string {
  const sample: unknown = parse(programs.bootstrap(mode));
  return JSON.stringify(sample, (key, value: unknown) => {
    // Not every standard output can be opened as a file.
    if (key === 'access_log_path') return '/dev/null';
    if (key !== 'port_value') return value;
    if (value === SAMPLE_PORTS.xds) return ports.xds;
    return value === SAMPLE_PORTS.als ? ports.als : ports.admin;
  });
}
