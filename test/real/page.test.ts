import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { AdsStream, connect } from '../support/ads-client.js';
import { type Tab, TestBrowser } from '../support/browser.js';
import { Signalbox } from '../support/signalbox.js';

const EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
const MANY = 10_000;

/** In the browser: scrolls from the first service to the last in 60 steps. */
const SCROLL = `(async () => {
  const list = document.querySelector('.list');
  const tasks = [];
  new PerformanceObserver((entries) => {
    for (const { duration } of entries.getEntries()) tasks.push(duration);
  }).observe({ type: 'longtask' });
  let [frames, longest, last] = [0, 0, performance.now()];
  for (; frames < 60; frames += 1) {
    list.scrollTop = (list.scrollHeight / 60) * frames;
    const now = await new Promise((resolve) => requestAnimationFrame(resolve));
    longest = Math.max(longest, now - last);
    last = now;
  }
  return { frames, longest: Math.max(longest, ...tasks) };
})()`;
const PWNED = `'pwned' in window`;
const OVERFLOW = 'document.documentElement.scrollWidth - window.innerWidth';
const BACKGROUND = 'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)';

/** In the browser: takes what it can from another origin, in four ways. */
const embed = (origin: string) => `(async () => {
  const loaded = (tag, attribute, path) => new Promise((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve('loaded');
    element.onerror = () => resolve('refused');
    element[attribute] = '${origin}' + path;
    document.body.append(element);
  });
  return [
    await fetch('${origin}/services').then(() => 'read', () => 'refused'),
    await fetch('${origin}/healthz', { mode: 'no-cors' }).then(() => 'loaded', () => 'refused'),
    await loaded('script', 'src', '/page.js'),
    await loaded('img', 'src', '/metrics'),
  ];
})()`;

type Entries = Readonly<Record<string, readonly object[]>>;

let folder: string;
let signalbox: Signalbox;
let client: Client;
let browser: TestBrowser;
let tab: Tab | undefined;

function write(file: string, services: Entries): void {
  // A rename: a file of this size is not there at once.
  writeFileSync(join(folder, `${file}.new`), JSON.stringify({ services }));
  renameSync(join(folder, `${file}.new`), join(folder, file));
}

const many = Object.fromEntries(
  Array.from({ length: MANY }, (_, index) => [
    `service-${String(index).padStart(5, '0')}`,
    [{ host: `10.1.${index >> 8}.${index & 255}`, port: 80, weight: 1 + (index % 5) }],
  ]),
);
const few: Entries = {
  users: [
    { host: '10.0.0.1', port: 80, weight: 3 },
    { host: '10.0.0.2', port: 80, weight: 1, status: 'degraded' },
    { host: '10.0.0.3', port: 80, weight: 0 },
    { host: '10.0.0.4', port: 80, check_status: false, status: 'down' },
  ],
  [`odd ${EVIL}`]: [{ host: '10.0.0.9', port: 80, metadata: { note: EVIL }, status: EVIL }],
};
const shaky: Entries = {
  shaky: Array.from({ length: 20 }, (_, index) => ({ host: `10.2.0.${index + 1}`, port: 80 })),
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'page-'));
  write('many.json', many);
  write('few.json', few);
  write('shaky.json', shaky);
  const file = (name: string) => ({ type: 'file', path: join(folder, `${name}.json`) });
  [signalbox, browser] = await Promise.all([
    Signalbox.start({
      discovery: {
        few: file('few'),
        shaky: { ...file('shaky'), mass_loss: { hold: '10m' } },
        many: file('many'),
      },
      listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
      routes: [{ match: { prefix: '/' }, service_name: 'users' }],
    }),
    TestBrowser.start(),
  ]);
  client = connect(`127.0.0.1:${signalbox.xdsPort}`, { 'grpc.max_receive_message_length': -1 });
});
afterAll(async () => {
  await browser?.close();
  client?.close();
  await signalbox?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => async () => {
  await tab?.close();
  tab = undefined;
});

async function open(hash = '', options: Parameters<TestBrowser['open']>[1] = {}) {
  tab = await browser.open(signalbox.admin, options);
  await tab.page.goto(`${signalbox.admin}/${hash}`);
  await tab.page.getByText('live', { exact: true }).waitFor();
  return tab;
}

test('search over 10,000 services, by mouse and by keys alone', async () => {
  const { page, foreign, errors } = await open();
  const count = page.getByRole('status').filter({ hasText: `of ${MANY + 3}` });
  await count.waitFor();
  const grid = page.getByRole('grid', { name: 'Services' });
  expect(await grid.getAttribute('aria-rowcount')).toBe(String(MANY + 3));
  // Of all these rows only what is seen is in the document.
  expect(await page.getByRole('row').count()).toBeLessThan(100);

  await page.keyboard.press('/');
  await page.keyboard.type('service 04711');
  await eventually(async () => expect(await grid.getAttribute('aria-rowcount')).toBe('1'));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'service-04711' }).waitFor();
  await page.getByText('10.1.18.103:80', { exact: true }).waitFor();
  await page.goBack();

  await grid.focus();
  await page.keyboard.press('End');
  await page.getByText('users', { exact: true }).waitFor();
  expect(await page.getByRole('row', { selected: true }).getAttribute('aria-rowindex')).toBe(
    String(MANY + 3),
  );
  await page.keyboard.press('Home');
  await page.getByText('service-00000').click();
  await page.getByRole('heading', { name: 'service-00000' }).waitFor();
  expect(foreign).toEqual([]);
  expect(errors).toEqual([]);
});

test('10,000 services scroll and are searched without long stalls', async () => {
  const { page } = await open();
  await page.getByText(`of ${MANY + 3}`).waitFor();
  const { frames, longest } = await page.evaluate<{ frames: number; longest: number }>(SCROLL);
  console.log(
    `scrolling through ${MANY} services: ${frames} frames, the longest task or frame ${Math.round(longest)} ms`,
  );
  expect(frames).toBe(60);
  // Of a shared machine; without the virtual list one frame takes many seconds.
  expect(longest).toBeLessThan(2_000);
});

test('a change in a registry shows by itself', async () => {
  const { page } = await open('#/changes');
  write('few.json', { ...few, newcomer: [{ host: '10.0.0.50', port: 80 }] });
  await page.getByText('newcomer').first().waitFor();
  await page.getByRole('link', { name: 'Services' }).click();
  await page.getByLabel('Search services').fill('newcomer');
  await page.getByRole('link', { name: 'newcomer' }).waitFor();
  write('few.json', few);
  await page.getByText(`0 of ${MANY + 3}`).waitFor();
});

test('why an instance is not served, and what has happened to a service', async () => {
  const { page } = await open('#/services/users');
  const gone = page.getByRole('table', { name: 'Not served' });
  await gone.getByText('weight_zero').waitFor();
  await gone.getByText('10.0.0.4:80').waitFor();
  await page.getByRole('table', { name: 'Instances', exact: true }).getByText('degraded').waitFor();
  write('few.json', { ...few, users: [...(few.users ?? []), { host: '10.0.0.77', port: 80 }] });
  await page.getByRole('table', { name: 'History' }).getByText('+10.0.0.77:80').waitFor();
  write('few.json', few);
  await page.getByRole('table', { name: 'History' }).getByText('−10.0.0.77:80').waitFor();
});

test('proxies come, refuse and go; how long a change took is drawn', async () => {
  const { page, errors } = await open('#/proxies');
  const proxy = new AdsStream(client, `edge ${EVIL}`);
  proxy.ask(TYPE_URL.endpoints, 'users');
  await eventually(() => expect(proxy.last(TYPE_URL.endpoints)).toBeDefined());
  proxy.answer(TYPE_URL.endpoints, ['users']);
  const table = page.getByRole('table', { name: 'Proxies' });
  await table.getByText('edge <img').waitFor();
  await table.getByText('synced', { exact: true }).first().waitFor();

  const first = proxy.last(TYPE_URL.endpoints)?.nonce;
  write('few.json', { ...few, users: [{ host: '10.0.0.1', port: 80, weight: 7 }] });
  await eventually(() => expect(proxy.last(TYPE_URL.endpoints)?.nonce).not.toBe(first));
  proxy.answer(TYPE_URL.endpoints, ['users']);
  await page.getByRole('link', { name: 'Latency' }).click();
  await page.getByRole('img', { name: 'Latency of changes over time' }).waitFor();
  await page.getByRole('table', { name: 'Latency by registry' }).getByText('few').waitFor();

  await page.getByRole('link', { name: 'Proxies' }).click();
  const second = proxy.last(TYPE_URL.endpoints)?.nonce;
  write('few.json', few);
  await eventually(() => expect(proxy.last(TYPE_URL.endpoints)?.nonce).not.toBe(second));
  proxy.answer(TYPE_URL.endpoints, ['users'], `users: ${EVIL}`);
  await page.getByRole('table', { name: 'Refused' }).getByText('users: <img').waitFor();
  await page.getByRole('link', { name: 'Changes' }).click();
  await page.getByRole('table', { name: 'Quarantine' }).getByText('users: <img').waitFor();
  await page.getByRole('link', { name: 'Proxies' }).click();
  proxy.cancel();
  await page.getByText('0 streams').waitFor();
  expect(await page.evaluate(PWNED)).toBe(false);
  expect(errors).toEqual([]);
});

test('names and texts of others are shown as they are and do nothing', async () => {
  const name = `odd ${EVIL}`;
  const { page, foreign, errors } = await open();
  await page.getByLabel('Search services').fill('odd');
  await page.getByRole('link', { name }).click();
  await page.getByRole('heading', { name }).waitFor();
  await page.goto(`${signalbox.admin}/#/services/${encodeURIComponent(`none ${EVIL}`)}`);
  await page.getByRole('alert').getByText('<img').waitFor();
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.evaluate(PWNED)).toBe(false);
  expect(foreign).toEqual([]);
  expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
});

test('a page of another site opens this one by a link, and gets nothing else', async () => {
  const port = await freePort();
  const link = `<a href="${signalbox.admin}/">go</a>`;
  const other = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end(`<title>other</title>${link}`),
  );
  other.listen(port, '127.0.0.1');
  try {
    // The other name of loopback is another site; another port of this one is the same site, and another origin.
    for (const host of ['localhost', '127.0.0.1']) {
      tab = await browser.open('');
      const { page } = tab;
      await page.goto(`http://${host}:${port}/`);
      const read = await page.evaluate<readonly string[]>(embed(signalbox.admin));
      expect(read).toEqual(['refused', 'refused', 'refused', 'refused']);
      await page.getByText('go').click();
      await page.getByText('live', { exact: true }).waitFor();
      await tab.close();
    }
  } finally {
    tab = undefined;
    other.close();
  }
});

test('loss that is held back is released by a button that asks once more', async () => {
  const { page } = await open('#/registries');
  write('shaky.json', { shaky: (shaky.shaky ?? []).slice(0, 1) });
  await page.getByText('19 instances of 1 services are missing').waitFor();
  const { instances } = await signalbox.get<{ instances: unknown[] }>('/services/shaky');
  expect(instances).toHaveLength(20);
  await page.getByRole('button', { name: 'Release' }).press('Enter');
  await page.getByRole('button', { name: 'Really release?' }).press('Enter');
  await page.getByText('are missing').waitFor({ state: 'detached' });
  const after = await signalbox.get<{ instances: unknown[] }>('/services/shaky');
  expect(after.instances).toHaveLength(1);
});

test('a version is pinned and unpinned', async () => {
  const { page } = await open('#/changes');
  await page.getByRole('button', { name: 'Pin' }).last().click();
  await page.getByRole('button', { name: 'Really pin?' }).click();
  await page.getByText('is pinned: nothing newer is served').waitFor();
  const { pinned } = await signalbox.get<{ pinned: string | null }>('/release');
  expect(pinned).toEqual(expect.any(String));
  await page.getByRole('button', { name: 'Unpin' }).click();
  await page.getByRole('button', { name: 'Really unpin?' }).click();
  await page.getByText('is pinned: nothing newer is served').waitFor({ state: 'detached' });
});

const VIEWS = ['services', 'services/users', 'registries', 'proxies', 'changes', 'latency', 'load'];

test.each([
  [1280, 'light'],
  [390, 'dark'],
] as const)('nothing is cut off at %i pixels, %s', async (width, colorScheme) => {
  const { page } = await open('', { viewport: { width, height: 844 }, colorScheme });
  for (const view of VIEWS) {
    await page.goto(`${signalbox.admin}/#/${view}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Loading …').waitFor({ state: 'detached' });
    const wide = await page.evaluate(OVERFLOW);
    expect(wide, view).toBeLessThanOrEqual(0);
  }
  const [red = 0] = await page.evaluate<readonly number[]>(BACKGROUND);
  expect(red > 128).toBe(colorScheme === 'light');
});
