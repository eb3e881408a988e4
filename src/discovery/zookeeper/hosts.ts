import { type Address, readAddress } from '../../model/address.js';
import { splitAddress } from '../../model/host.js';

/** The servers of one ensemble. */
export interface Ensemble {
  readonly servers: readonly Address[];
  /** The znode that stands for `/`, such as `/prod`; empty for the real one. */
  readonly chroot: string;
}

export type ReadHosts =
  | { readonly ensemble: Ensemble; readonly problem?: undefined }
  | { readonly problem: string; readonly ensemble?: undefined };

const DEFAULT_PORT = 2181;

/**
 * Reads hosts as ZooKeeper's connect strings have them: `zk1:2181`, `[::1]`, `zk1,zk2:2182/prod`. A chroot after the
 * last host counts for all, as it does there.
 */
export function readHosts(hosts: readonly string[]): ReadHosts {
  const names = hosts.flatMap((host) => host.replace(/\/.*$/, '').split(','));
  const servers = names.map((name) => readServer(name.trim())).filter((server) => server !== undefined);
  if (servers.length < names.length)
    return { problem: 'expected hosts such as "127.0.0.1:2181", "[::1]:2181" or "zk1:2181/chroot"' };
  const roots = hosts.map((host) => (host.includes('/') ? host.slice(host.indexOf('/')) : ''));
  const chroots = new Set(roots.map((root) => root.replace(/\/+$/, '')).filter((root) => root !== ''));
  const [chroot = ''] = chroots;
  if (chroots.size > 1) return { problem: 'all hosts must have the same chroot' };
  if (/\/(\.{0,2})(\/|$)/.test(chroot)) return { problem: 'the chroot is no path of a znode' };
  return { ensemble: { servers, chroot } };
}

function readServer(text: string): Address | undefined {
  const address = readAddress(splitAddress(text) === undefined ? `${text}:${DEFAULT_PORT}` : text);
  return address?.port === 0 ? undefined : address;
}
