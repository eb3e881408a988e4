// Takes the pictures of docs/images/ anew: npm run build && npx tsx scripts/screenshots.ts
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TYPE_URL } from '../src/snapshot/type-url.js';
import { eventually } from '../test/peers/eventually.js';
import { AdsStream, connect } from '../test/support/ads-client.js';
import { TestBrowser } from '../test/support/browser.js';
import { Signalbox } from '../test/support/signalbox.js';

const IMAGES = resolve(import.meta.dirname, '../docs/images');
const AREAS = ['orders', 'billing', 'users', 'search', 'stock', 'shipping', 'mail', 'media'];
const NAME = 'orders-api-000';
const KINDS = ['api', 'worker', 'gateway', 'cache', 'export'];

const folder = mkdtempSync(join(tmpdir(), 'screenshots-'));
const file = join(folder, 'services.json');

function write(more: object = {}): void {
  const services: Record<string, object[]> = {};
  for (let index = 0; index < 400; index += 1) {
    const name = `${AREAS[index % 8]}-${KINDS[index % 5]}-${String(index).padStart(3, '0')}`;
    services[name] = Array.from({ length: 2 + (index % 5) }, (_, instance) => ({
      host: `10.${index % 8}.${index % 250}.${instance + 1}`,
      port: 8080,
      weight: 1 + ((index + instance) % 3),
      ...(index % 7 === 3 && instance === 0 && { status: 'down' }),
      ...(index % 11 === 4 && instance === 1 && { status: 'degraded' }),
    }));
  }
  writeFileSync(`${file}.new`, JSON.stringify({ services: { ...services, ...more } }));
  renameSync(`${file}.new`, file);
}

const answered = new Map<AdsStream, Map<string, string>>();

/** Accepts what a proxy was sent since the last time. */
function answerNew(proxy: AdsStream): void {
  const nonces = answered.get(proxy) ?? new Map<string, string>();
  answered.set(proxy, nonces);
  for (const type of [TYPE_URL.cluster, TYPE_URL.endpoints]) {
    const nonce = proxy.last(type)?.nonce ?? '';
    if (nonce === (nonces.get(type) ?? '')) continue;
    nonces.set(type, nonce);
    proxy.answer(type, type === TYPE_URL.endpoints ? [NAME] : []);
  }
}

async function main(): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  // So that the registry shows a plain file name.
  process.chdir(folder);
  write();
  const signalbox = await Signalbox.start({
    discovery: { registry: { type: 'file', path: 'services.json' } },
    listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
    routes: [{ match: { prefix: '/' }, service_name: NAME }],
  });
  const browser = await TestBrowser.start();
  const client = connect(`127.0.0.1:${signalbox.xdsPort}`, { 'grpc.max_receive_message_length': -1 });
  const answering: NodeJS.Timeout[] = [];
  try {
    const proxies = ['edge-1', 'edge-2', 'edge-3'].map((id) => new AdsStream(client, id));
    for (const proxy of proxies) {
      proxy.ask(TYPE_URL.cluster);
      proxy.ask(TYPE_URL.endpoints, NAME);
      answering.push(setInterval(() => answerNew(proxy), 5));
    }
    await eventually(() => {
      if (proxies.some((proxy) => proxy.last(TYPE_URL.endpoints) === undefined)) throw new Error('not sent yet');
    }, 30_000);
    for (let change = 0; change < 12; change += 1) {
      await eventually(async () => {
        const { observations } = await signalbox.get<{ observations: unknown[] }>('/latency');
        if (observations.length < change) throw new Error('not acknowledged yet');
      }, 30_000);
      write({
        [NAME]: [1, 2, 3].map((host) => ({ host: `10.0.0.${host}`, port: 8080, weight: host + change })),
        ...(change % 3 === 2 && { 'orders-canary': [{ host: '10.0.0.40', port: 8080 }] }),
      });
    }
    const shots = [
      ['services', '', 1280, 'light'],
      ['service', '#/services/orders-api-000', 1280, 'dark'],
      ['changes', '#/changes', 1280, 'light'],
      ['proxies', '#/proxies', 1280, 'light'],
      ['latency', '#/latency', 1280, 'dark'],
      ['registries', '#/registries', 1280, 'light'],
      ['phone', '', 390, 'light'],
      ['phone-proxies', '#/proxies', 390, 'dark'],
    ] as const;
    for (const [name, hash, width, colorScheme] of shots) {
      const tab = await browser.open(signalbox.admin, { viewport: { width, height: 720 }, colorScheme });
      await tab.page.goto(`${signalbox.admin}/${hash}`);
      await tab.page.getByText('live', { exact: true }).waitFor();
      await tab.page.getByText('Loading …').waitFor({ state: 'detached' });
      await tab.page.screenshot({ path: join(process.argv[2] ?? IMAGES, `page-${name}.png`) });
      await tab.close();
    }
  } finally {
    for (const timer of answering) clearInterval(timer);
    client.close();
    await browser.close();
    await signalbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
