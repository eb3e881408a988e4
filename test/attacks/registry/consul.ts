import { ConsulCatalog } from '../../peers/consul-catalog.js';
import type { Attack, Stage, Strike, World } from '../attack.js';
import { followedRegistration } from '../followed.js';
import { aborted } from '../pace.js';
import { Tally } from '../tally.js';
import { FailingService } from './failing-service.js';

const NODE = 'attacker';
/** Services whose queries fail. */
const BROKEN = 'broken';

interface Catalogue {
  /** Good services: up to 32 are watched one by one, more of them together. */
  readonly services: number;
  readonly poison: readonly string[];
}

/** A Consul with good services, behind a proxy that answers 500 for broken ones. */
const catalogue =
  ({ services }: Catalogue) =>
  async ({ consul }: World): Promise<Stage> => {
    const { url } = await consul();
    const catalog = new ConsulCatalog(url);
    const good = (n: number) => ({
      service: `good-${n}`,
      id: `good-${n}`,
      address: '127.0.0.1',
      port: 8_080,
    });
    for (let n = 0; n < services; n += 1) await catalog.register({ ...good(n), check: 'passing' });
    const proxy = await FailingService.start(url, BROKEN);
    return {
      config: { discovery: { consul: { type: 'consul', servers: [proxy.url], use_weights: true } } },
      followed: () => followedRegistration(catalog, 'good-0'),
      given: { consul: url },
      close: async () => {
        await proxy.close();
        for (const node of [NODE, 'node']) await catalog.deregister(node);
        await catalog.close();
      },
    };
  };

const registers =
  ({ poison }: Catalogue): Strike =>
  async ({ given }, signal, tell) => {
    const catalog = new ConsulCatalog(given.consul ?? '');
    const results = new Tally();
    tell(() => `services: ${results}`);
    for (const [n, service] of poison.entries()) {
      const registered = await catalog
        .register({
          service,
          node: NODE,
          id: `poison-${n}`,
          address: '127.0.0.1',
          port: 1_000 + n,
          check: 'passing',
        })
        .then(() => 'registered')
        .catch(() => 'refused by Consul');
      results.add(registered);
    }
    await aborted(signal);
    await catalog.close();
  };

function attack(name: string, setting: Catalogue): Attack {
  return { name, stage: catalogue(setting), strike: registers(setting) };
}

const NAMES = [
  '..',
  '.',
  '/service.v1',
  'a//b',
  '../../v1/kv',
  'a?b',
  'a#b',
  ' ',
  '\u0001',
  'a\\b',
  '%2e%2e',
  'name\n',
];

export const CONSUL: readonly Attack[] = [
  attack('Consul: names like `..` and `/service.v1`, 20 services', { services: 20, poison: NAMES }),
  attack('Consul: names like `..` and `/service.v1`, 60 services', { services: 60, poison: NAMES }),
  attack('Consul: a service that answers 500 for ever, 20 services', { services: 20, poison: [BROKEN] }),
  attack('Consul: a service that answers 500 for ever, 60 services', { services: 60, poison: [BROKEN] }),
];
