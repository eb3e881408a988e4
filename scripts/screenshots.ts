// Takes the pictures of docs/images/ anew: npm run build && npx tsx scripts/screenshots.ts
// With a folder it puts one of each view there, for wide and narrow, light and dark, to be looked at.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TYPE_URL } from '../src/snapshot/type-url.js';
import { Etcd } from '../test/peers/etcd.js';
import { eventually } from '../test/peers/eventually.js';
import { AdsStream, connect } from '../test/support/ads-client.js';
import { TestBrowser } from '../test/support/browser.js';
import { Signalbox } from '../test/support/signalbox.js';

const IMAGES = resolve(import.meta.dirname, '../docs/images');
const AREAS = ['orders', 'billing', 'users', 'search', 'stock', 'shipping', 'mail', 'media'];
const NAME = 'orders-api-000';
const KINDS = ['api', 'worker', 'gateway', 'cache', 'export'];

const FOLDER = process.argv[2];
const PREFIX = '/services/';

/** Keys and values of etcd. */
function entries(): readonly (readonly [string, object])[] {
  const all: [string, object][] = [
    [`${PREFIX}${NAME}/10.0.0.3:8080`, { weight: 2, status: 'degraded' }],
    [`${PREFIX}${NAME}/10.0.0.4:8080`, { weight: 2, status: 'down' }],
  ];
  for (let index = 0; index < 400; index += 1) {
    const name = `${AREAS[index % 8]}-${KINDS[index % 5]}-${String(index).padStart(3, '0')}`;
    for (let instance = 0; instance < 2 + (index % 5); instance += 1)
      all.push([
        `${PREFIX}${name}/10.${index % 8}.${index % 250}.${instance + 1}:8080`,
        {
          weight: 1 + ((index + instance) % 3),
          ...(index % 7 === 3 && instance === 0 && { status: 'down' }),
          ...(index % 11 === 4 && instance === 1 && { status: 'degraded' }),
        },
      ]);
  }
  return all;
}

const WANTED: Readonly<Record<string, readonly string[]>> = {
  [TYPE_URL.cluster]: [],
  [TYPE_URL.endpoints]: [NAME],
  [TYPE_URL.listener]: [],
  [TYPE_URL.route]: ['http'],
};
const TYPES = Object.keys(WANTED);

const answered = new Map<AdsStream, Map<string, string>>();

/** Accepts what a proxy was sent since the last time. */
function answerNew(proxy: AdsStream): void {
  const nonces = answered.get(proxy) ?? new Map<string, string>();
  answered.set(proxy, nonces);
  for (const type of TYPES) {
    const nonce = proxy.last(type)?.nonce ?? '';
    if (nonce === (nonces.get(type) ?? '')) continue;
    nonces.set(type, nonce);
    proxy.answer(type, WANTED[type] ?? []);
  }
}

type Shot = readonly [name: string, hash: string, width: number, colorScheme: 'light' | 'dark'];

const KEPT: readonly Shot[] = [
  ['services', '', 1280, 'light'],
  ['service', `#/services/${NAME}`, 1280, 'dark'],
  ['changes', '#/changes', 1280, 'light'],
  ['phone', '', 390, 'light'],
];

function shots(): readonly Shot[] {
  if (FOLDER === undefined) return KEPT;
  const views = ['services', `services/${NAME}`, 'registries', 'proxies', 'changes', 'latency', 'load'];
  return views.flatMap((view) =>
    [1280, 390].flatMap((width) =>
      (['light', 'dark'] as const).map(
        (scheme): Shot => [`${view.replace('/', '-')}-${width}-${scheme}`, `#/${view}`, width, scheme],
      ),
    ),
  );
}

async function main(): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  const etcd = await Etcd.start();
  const registry = etcd.client;
  await registry.putAll(entries());
  const signalbox = await Signalbox.start({
    discovery: { etcd: { endpoints: [etcd.url], prefix: PREFIX } },
    listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
    routes: [{ match: { prefix: '/' }, service_name: NAME }],
  });
  const browser = await TestBrowser.start();
  const client = connect(`127.0.0.1:${signalbox.xdsPort}`, { 'grpc.max_receive_message_length': -1 });
  const answering: NodeJS.Timeout[] = [];
  try {
    const proxies = ['edge-1', 'edge-2', 'edge-3'].map((id) => new AdsStream(client, id));
    for (const proxy of proxies) {
      for (const type of TYPES) proxy.ask(type, ...(WANTED[type] ?? []));
      answering.push(setInterval(() => answerNew(proxy), 5));
    }
    await eventually(() => {
      if (proxies.some((proxy) => proxy.last(TYPE_URL.endpoints) === undefined))
        throw new Error('not sent yet');
    }, 30_000);
    const observed = async () => {
      const { observations } = await signalbox.get<{ observations: unknown[] }>('/latency');
      return observations.length;
    };
    for (let change = 0; change < 12; change += 1) {
      const before = await observed();
      await registry.putAll([
        ...[1, 2].map((host): [string, object] => [
          `${PREFIX}${NAME}/10.0.0.${host}:8080`,
          { weight: host + change + 1 },
        ]),
        ...(change % 3 === 2
          ? [[`${PREFIX}orders-canary/10.0.0.4${change}:8080`, {}] as [string, object]]
          : []),
      ]);
      await eventually(async () => {
        if ((await observed()) <= before) throw new Error(`change ${change} is not acknowledged yet`);
      }, 30_000);
    }
    for (const [name, hash, width, colorScheme] of shots()) {
      const tab = await browser.open(signalbox.admin, { viewport: { width, height: 720 }, colorScheme });
      await tab.page.goto(`${signalbox.admin}/${hash}`);
      await tab.page.getByText('live', { exact: true }).waitFor();
      await tab.page.getByText('Loading …').waitFor({ state: 'detached' });
      await tab.page.screenshot({ path: join(FOLDER ?? IMAGES, `page-${name}.png`) });
      await tab.close();
    }
  } finally {
    for (const timer of answering) clearInterval(timer);
    client.close();
    await browser.close();
    await signalbox.close();
    await etcd.close();
  }
}

await main();
