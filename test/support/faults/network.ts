import type { TcpProxy } from '../../peers/tcp-proxy.js';
import type { Subject } from './fault.js';

const SLOW = 2_000;

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
