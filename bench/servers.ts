import { join } from 'node:path';
import { freePort, PeerProcess } from '../test/peers/process.js';
import { GO_FLOOR, NODE_FLOOR, OUTPUT, PEER, SERVER } from './build.js';
import type { Size, Variant } from './load.js';

export interface RunningServer {
  readonly process: PeerProcess;
  readonly grpcAddress: string;
  /** The URL of the HTTP server that takes the changes. */
  readonly control: string;
}

/** Peers are what Signalbox is compared with; a floor only sends the bytes. */
export type ServerName = 'snapshot' | 'linear' | 'floor' | 'go-floor' | 'signalbox';

export const SERVER_NAMES: readonly ServerName[] = ['snapshot', 'linear', 'floor', 'go-floor', 'signalbox'];

/** As the Dockerfile and the systemd unit start it. */
export const DEPLOYED: readonly string[] = ['--max-semi-space-size=2'];

export const PROFILES = join(OUTPUT, 'profiles');

/** Starts one server on free ports and waits until it answers. */
export async function startServer(
  name: ServerName,
  size: Size,
  variant: Variant,
  nodeFlags: readonly string[] = [],
): Promise<RunningServer> {
  const grpcAddress = `127.0.0.1:${await freePort()}`;
  const httpPort = await freePort();
  const [program, ...args] = commandLine(name, size, variant, grpcAddress, httpPort, nodeFlags);
  const process = PeerProcess.start(name, program, args);
  const control = `http://127.0.0.1:${httpPort}`;
  await process.until(async () => (await fetch(control)).status > 0);
  return { process, grpcAddress, control };
}

function commandLine(
  name: ServerName,
  { services, endpoints, proxies }: Size,
  variant: Variant,
  grpcAddress: string,
  httpPort: number,
  nodeFlags: readonly string[],
): readonly [string, ...string[]] {
  const size = [String(services), String(endpoints)];
  const flags = [
    ...[`-services=${services}`, `-endpoints=${endpoints}`],
    ...[`-listen=${grpcAddress}`, `-http=127.0.0.1:${httpPort}`],
  ];
  const node = process.execPath;
  switch (name) {
    case 'snapshot':
      return [PEER, '-cache=snapshot', `-nodes=${proxies}`, ...flags];
    case 'linear':
      return [PEER, '-cache=linear', ...flags];
    case 'go-floor':
      return [GO_FLOOR, `-delta=${variant === 'delta'}`, ...flags];
    case 'floor':
      return [node, NODE_FLOOR, variant, ...size, grpcAddress, String(httpPort)];
    case 'signalbox':
      return [node, ...DEPLOYED, ...nodeFlags, SERVER, ...size, grpcAddress, String(httpPort)];
  }
}
