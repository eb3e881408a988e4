import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../peers/process.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { RelayProcess } from '../support/relay.js';
import { Signalbox } from '../support/signalbox.js';
import type { ServedAt } from './recording-proxy.js';
import type { RegistryLab } from './registries/registry.js';

const WORKERS = 2;

/** Two replicas of Signalbox, one of them with workers, and a relay behind that one, each with a network of its own. */
export class Topology {
  private constructor(
    readonly registry: RegistryLab,
    readonly replicas: readonly Signalbox[],
    /** For each replica, its ways to each member of the registry. */
    readonly links: readonly (readonly (readonly TcpProxy[])[])[],
    readonly relay: RelayProcess,
    /** Between the relay and its replica. */
    readonly relayLink: TcpProxy,
    /** Where proxies connect to. */
    readonly servers: readonly ServedAt[],
    private readonly folder: string,
  ) {}

  /** @param env of the replicas, so that a defect can be planted */
  static async start(registry: RegistryLab, env: Readonly<Record<string, string>> = {}): Promise<Topology> {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-histories-'));
    const ports = [await freePort(), await freePort(), await freePort()];
    const [first = 0, , third = 0] = ports;
    const links = [await linksTo(registry), await linksTo(registry)];
    const start = async (replica: number, args: readonly string[]) => {
      const near = (links[replica] ?? []).map((member) => member.map(({ port }) => port));
      return await Signalbox.start(
        {
          xds: { listen: `127.0.0.1:${ports[replica]}` },
          discovery: { [registry.type]: registry.options(near, replica) },
        },
        { args, env },
      );
    };
    const replicas = await Promise.all([start(0, ['--workers', String(WORKERS)]), start(1, [])]);
    const relayLink = await TcpProxy.start(first);
    const relay = new RelayProcess({
      upstream: relayLink.port,
      xds: third,
      admin: await freePort(),
      snapshot: join(folder, 'relay.snapshot'),
    });
    await relay.run();
    const servers = ['replica with workers', 'replica', 'relay'].map((name, index) => ({
      name,
      address: () => `127.0.0.1:${ports[index]}`,
    }));
    return new Topology(registry, replicas, links, relay, relayLink, servers, folder);
  }

  /** The pids of the workers that run now. */
  workers(): readonly number[] {
    const started = (this.replicas[0]?.process.output ?? '')
      .split('\n')
      .filter((line) => line.includes('"msg":"worker serving"'))
      .map((line): [number, number] => {
        const { worker, pid } = JSON.parse(line) as { readonly worker: number; readonly pid: number };
        return [worker, pid];
      });
    return [...new Map(started).values()];
  }

  async close(): Promise<void> {
    await this.relay.stop();
    await Promise.all(this.replicas.map(async (replica) => await replica.close()));
    const links = [this.relayLink, ...this.links.flat(2)];
    await Promise.all(links.map(async (link) => await link.close()));
    await this.registry.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A way to each port of each member; the ports of a member keep their distance. */
async function linksTo({ members }: RegistryLab): Promise<readonly (readonly TcpProxy[])[]> {
  return await Promise.all(
    members.map(async ({ ports }) => {
      const [first = 0] = ports;
      const near = await freePort();
      return await Promise.all(ports.map(async (port) => await TcpProxy.start(port, near + port - first)));
    }),
  );
}
