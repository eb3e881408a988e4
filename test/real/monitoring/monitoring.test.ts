import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { command } from '../../peers/cache.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { installPrometheus, Prometheus } from '../../peers/prometheus.js';
import { Signalbox } from '../../support/signalbox.js';

const DOCS = resolve(import.meta.dirname, '../../../docs');
const RULES = join(DOCS, 'monitoring/alerts.yml');

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(readFileSync(join(DOCS, 'monitoring/grafana-dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
};
const { groups } = parse(readFileSync(RULES, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
};
const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

let folder: string;
let signalbox: Signalbox;
let envoy: Envoy;
let prometheus: Prometheus;

function writeServices(port: number): void {
  const web = [
    { host: '127.0.0.1', port },
    { host: '127.0.0.1', port: 9, weight: 0 },
  ];
  writeFileSync(join(folder, 'services.yaml'), stringify({ services: { web } }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
  writeServices(1);
  signalbox = await Signalbox.start({
    discovery: { local: { type: 'file', path: join(folder, 'services.yaml') } },
    auto_routes: true,
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  prometheus = await Prometheus.start(signalbox.admin.replace('http://', ''), RULES);
});
afterAll(async () => {
  await prometheus?.close();
  await envoy?.stop();
  await signalbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As Grafana fills it in. */
function filledIn(expression: string): string {
  return expression
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$job', 'signalbox')
    .replaceAll('$instance', '.*');
}

test('every expression of the dashboard returns data of a real Signalbox', async () => {
  const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr: filledIn(expr) })),
  );
  expect(expressions.length).toBeGreaterThan(25);
  expect(expressions.filter(({ expr }) => expr.includes('$'))).toEqual([]);
  let port = 1;
  await eventually(
    async () => {
      // What is a rate needs something that happens between two scrapes.
      port += 1;
      writeServices(port);
      const answers = await Promise.all(
        expressions.map(async ({ title, expr }) => ({ title, expr, series: await prometheus.query(expr) })),
      );
      const empty = answers.filter(({ series }) => !series.some(({ value }) => value[1] !== 'NaN'));
      expect(empty).toEqual([]);
    },
    60_000,
    1_000,
  );
});

test('every alert can be evaluated, and none fires where all is well', async () => {
  await eventually(async () => {
    const rules = await prometheus.alerts();
    expect(rules.map(({ name }) => name)).toEqual(alerts);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
  }, 30_000);
});

test('each alert fires on what it is for, and on nothing else', async () => {
  const promtool = join(await installPrometheus(), 'promtool');
  await command(promtool, ['check', 'rules', RULES]);
  const cases = readFileSync(join(import.meta.dirname, 'alerts.yml'), 'utf8').replace('RULES', RULES);
  const { tests } = parse(cases) as { readonly tests: readonly { readonly name: string }[] };
  expect(tests.map(({ name }) => name)).toEqual(alerts);
  const file = join(folder, 'alerts.yml');
  writeFileSync(file, cases);
  await command(promtool, ['test', 'rules', file]);
});

test('docs/monitoring.md tells what each alert means', () => {
  const text = readFileSync(join(DOCS, 'monitoring.md'), 'utf8');
  expect(alerts.filter((alert) => !text.includes(`\`${alert}\``))).toEqual([]);
});
