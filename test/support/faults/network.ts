import type { TcpProxy } from '../../peers/tcp-proxy.js';
import type { Fault, Probe, Subject } from './fault.js';

const SLOW = 2_000;

/** Whether new connections have been made since. */
export function reconnected(proxies: readonly TcpProxy[]): Probe {
  const count = () => proxies.reduce((sum, { connections }) => sum + connections, 0);
  const before = count();
  return () => count() > before;
}

/** The faults of the way between two but for those, each with the reason why it is not tried. */
export function withoutFaults(
  faults: Subject['faults'],
  without: readonly Fault[],
  reason: string,
): Subject['faults'] {
  return { ...faults, ...Object.fromEntries(without.map((fault) => [fault, reason])) };
}

/** What can befall the way between two, with something said on it that can be cut. */
export function networkFaults(proxies: readonly TcpProxy[], speak: () => Promise<void>): Subject['faults'] {
  const each = (act: (proxy: TcpProxy) => void) => {
    for (const proxy of proxies) act(proxy);
  };
  const forward = async () => each((proxy) => proxy.forward());
  return {
    killed: async () => {
      each((proxy) => proxy.refuse());
      return forward;
    },
    restarted: async () => {
      each((proxy) => proxy.cut());
      return forward;
    },
    frozen: async () => {
      each((proxy) => proxy.stall());
      return forward;
    },
    'slow by 2 s': async () => {
      each((proxy) => {
        proxy.delay = SLOW;
      });
      return async () =>
        each((proxy) => {
          proxy.delay = 0;
        });
    },
    'cut in mid-message': async () => {
      const cuts = proxies.map((proxy) => proxy.cutAfter(20));
      await speak();
      await Promise.race(cuts);
      return forward;
    },
    'answering garbage': async () => {
      each((proxy) => proxy.garble());
      return forward;
    },
    wiped: 'a network stores nothing',
  };
}
