import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { exposure } from '../../../src/access/exposure.js';
import { runCommandLine } from '../../../src/cli/command-line.js';
import { loadConfig } from '../../../src/config/load.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface ComposeService {
  readonly image: string;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
};
const services = Object.values(compose.services);
const dockerfile = read('Dockerfile');
const manifest = JSON.parse(read('package.json'));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deployment-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function configOf(path: string) {
  const loaded = await loadConfig(path, { SIGNALBOX_ADMIN_TOKEN: 'some' });
  expect({ problems: loaded.problems, path }).toEqual({ problems: undefined, path });
  if (loaded.problems !== undefined) throw new Error('not reached');
  return loaded.config;
}

/** The version of a peer that the tests run with. */
function tested(peer: string, pattern: RegExp): string | undefined {
  return pattern.exec(read(`test/peers/${peer}.ts`))?.[1];
}

describe('docker-compose.yml', () => {
  test('images have the versions that the tests run with', () => {
    const images = services.map(({ image }) => image);
    expect(images).toContain(`envoyproxy/envoy:v${tested('envoy', /VERSION = '([\d.]+)'/)}`);
    expect(images).toContain(`consul:${tested('consul', /'consul-([\d.]+)'/)}`);
    expect(images).toContain(`signalbox:${manifest.version}`);
    const foreign = images.filter((image) => !image.startsWith('signalbox:'));
    const standIns = [...read('scripts/docker-stand-ins.sh').matchAll(/^image (\S+)$/gm)];
    expect(new Set(foreign)).toEqual(new Set(standIns.map(([, image]) => image)));
  });

  test('what it mounts exists, what it waits for is one of its services', () => {
    const mounted = services.flatMap(({ volumes = [] }) => volumes).map((volume) => volume.split(':')[0]);
    expect(mounted.length).toBeGreaterThan(3);
    expect(mounted.filter((path) => !existsSync(join(ROOT, path ?? '')))).toEqual([]);
    const awaited = services.flatMap(({ depends_on = {} }) => Object.keys(depends_on));
    expect(awaited.filter((name) => compose.services[name] === undefined)).toEqual([]);
  });

  test('nothing can be reached from other machines', () => {
    const ports = services.flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(2);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('there is no token that everybody knows: without one of your own it does not start', () => {
    expect(compose.services.signalbox?.environment?.SIGNALBOX_ADMIN_TOKEN).toMatch(
      /^\$\{SIGNALBOX_ADMIN_TOKEN:\?\S.*\}$/,
    );
    expect(read('envoy/compose/signalbox.yaml')).toContain('token: "${SIGNALBOX_ADMIN_TOKEN}"');
  });

  test('its configuration is valid and fits its ports and its Envoy', async () => {
    const config = await configOf(join(ROOT, 'envoy/compose/signalbox.yaml'));
    expect(compose.services.signalbox?.ports).toEqual([
      `127.0.0.1:${config.admin.listen.port}:${config.admin.listen.port}`,
    ]);
    const listeners = config.listeners.map(({ address: { port } }) => `127.0.0.1:${port}:${port}`);
    expect(compose.services.envoy?.ports).toEqual(listeners);
    let bootstrap = '';
    const stdout = { write: (text: string) => (bootstrap += text) };
    await runCommandLine(['bootstrap', '--xds', `signalbox:${config.xds.listen.port}`], {
      stdout,
      stderr: stdout,
    });
    expect(parse(read('envoy/compose/envoy.yaml'))).toEqual(parse(bootstrap));
  });
});

describe('Dockerfile', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );

  test('what it copies exists and is let through by .dockerignore', () => {
    expect(copied.length).toBeGreaterThan(7);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const through = read('.dockerignore').split('\n');
    expect(copied.filter((path) => !through.includes(`!${path}`))).toEqual([]);
  });

  test('is not root, can be asked for its health, and runs the program of the package', () => {
    expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK (.*\\\n)*.*127\.0\.0\.1:18001\/readyz/m);
    expect(dockerfile).toContain(`/app/${manifest.bin.signalbox} `);
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(new Set(bases)).toEqual(new Set([compose.services.users?.image]));
    // A line with long-term support, with which the package is tested.
    const line = /^node:(\d+)-/.exec(bases[0] ?? '')?.[1];
    expect(line).toBe('24');
    expect(tested('node', new RegExp(`\\b${line}: '(\\d+)\\.`))).toBe(line);
  });

  test('holds nothing that is made for one kind of processor', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      readonly packages: Readonly<
        Record<string, { readonly dev?: true; readonly hasInstallScript?: true; readonly cpu?: unknown }>
      >;
    };
    const odd = Object.entries(packages).filter(
      ([, { dev, hasInstallScript, cpu }]) => dev === undefined && (hasInstallScript || cpu !== undefined),
    );
    // Its script only compares version numbers, and the Dockerfile does not run it.
    expect(odd.map(([path]) => path)).toEqual(['node_modules/protobufjs']);
  });
});

describe('deploy/kubernetes', () => {
  const read1 = (name: string) => parse(read(`deploy/kubernetes/${name}.yaml`));

  test('the configuration is valid, and the ports are its ports', async () => {
    const path = join(folder, 'signalbox.yaml');
    writeFileSync(path, read1('configmap').data['signalbox.yaml']);
    const { xds, admin } = await configOf(path);
    const [container] = read1('deployment').spec.template.spec.containers;
    expect(container.ports).toEqual([
      { name: 'xds', containerPort: xds.listen.port },
      { name: 'admin', containerPort: admin.listen.port },
    ]);
    const ports = parseAllDocuments(read('deploy/kubernetes/service.yaml')).flatMap(
      (document) => document.toJS().spec.ports,
    );
    expect(ports).toMatchObject([
      { port: xds.listen.port, targetPort: 'xds' },
      { port: admin.listen.port, targetPort: 'admin' },
    ]);
    expect(container.image).toBe(`signalbox:${manifest.version}`);
  });

  test('the xDS port speaks TLS, wants a certificate, and says who may ask for what', async () => {
    const path = join(folder, 'signalbox.yaml');
    writeFileSync(path, read1('configmap').data['signalbox.yaml']);
    const { xds, allow = [] } = await configOf(path);
    expect(xds.tls?.require_client_certificate).toBe(true);
    expect(allow.length).toBeGreaterThan(0);
    for (const { san = [] } of allow) expect(san).not.toContain('*');
    expect(exposure({ xds, allow })).toBeUndefined();
    const { volumes, containers } = read1('deployment').spec.template.spec;
    const mounts: readonly { readonly name: string; readonly mountPath: string }[] =
      containers[0].volumeMounts;
    for (const file of [xds.tls?.cert, xds.tls?.key, xds.tls?.client_ca]) {
      const mount = mounts.find(({ mountPath }) => file?.startsWith(`${mountPath}/tls.`));
      const ca = mounts.find(({ mountPath }) => file === `${mountPath}/ca.crt`);
      const volume = volumes.find(({ name }: { name: string }) => name === (mount ?? ca)?.name);
      expect(volume.secret.secretName).toBe('signalbox-xds');
    }
  });

  test('its pods reach the registries and the DNS, and nothing else', async () => {
    const path = join(folder, 'signalbox.yaml');
    writeFileSync(path, read1('configmap').data['signalbox.yaml']);
    const { discovery } = await configOf(path);
    const { policyTypes, ingress, egress } = read1('network-policy').spec as {
      readonly policyTypes: readonly string[];
      readonly ingress: readonly { readonly from: readonly unknown[]; readonly ports: readonly unknown[] }[];
      readonly egress: readonly { readonly to: readonly unknown[]; readonly ports: readonly object[] }[];
    };
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    for (const { from, ports } of ingress) expect([from.length, ports.length]).toEqual([1, 1]);
    const namespace = (name: string) => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    });
    const servers = Object.values(discovery).flatMap((registry) =>
      'servers' in registry ? registry.servers.map((server) => new URL(server)) : [],
    );
    expect(servers).toHaveLength(Object.keys(discovery).length);
    expect(egress).toEqual([
      {
        to: [{ ...namespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
        ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 })),
      },
      ...servers.map(({ hostname, port }) => ({
        to: [namespace(hostname.split('.')[1] ?? '')],
        ports: [{ protocol: 'TCP', port: Number(port) }],
      })),
    ]);
  });

  test('every file is in the kustomization, and every selector finds the pods', () => {
    const { resources } = read1('kustomization') as { readonly resources: readonly string[] };
    for (const file of resources) expect(statSync(join(ROOT, 'deploy/kubernetes', file)).isFile()).toBe(true);
    const { labels } = read1('deployment').spec.template.metadata;
    expect(read1('deployment').spec.selector.matchLabels).toEqual(labels);
    expect(read1('pod-disruption-budget').spec.selector.matchLabels).toEqual(labels);
    expect(read1('network-policy').spec.podSelector.matchLabels).toEqual(labels);
    for (const document of parseAllDocuments(read('deploy/kubernetes/service.yaml')))
      expect(document.toJS().spec.selector).toEqual(labels);
  });
});

describe('deploy/systemd', () => {
  /** The settings of [Service]. */
  const settings = read('deploy/systemd/signalbox.service')
    .split('[Service]')[1]
    ?.split('\n')
    .flatMap((line) => (/^\w+=/.test(line) ? [line] : []));
  const of = (name: string) =>
    settings?.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));

  test('bounds memory, and writes no core with secrets in it', () => {
    expect(of('MemoryMax')).toEqual([expect.stringMatching(/^[1-9]\d*[MG]$/)]);
    expect(of('MemorySwapMax')).toEqual(['0']);
    expect(of('LimitCORE')).toEqual(['0']);
    expect(of('TasksMax')).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
  });

  test('the token is a credential, which no environment shows, and the documentation uses it', async () => {
    const [, id, source] = /^([\w-]+):(\/.+)$/.exec(of('LoadCredential')?.[0] ?? '') ?? [];
    expect(id).toBe('admin-token');
    const page = read('docs/deployment.md');
    expect(page).toContain(String(source));
    const block = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = '']) => text);
    const path = join(folder, 'unit.yaml');
    writeFileSync(path, block.find((text) => text.includes('CREDENTIALS_DIRECTORY')) ?? '');
    const loaded = await loadConfig(path, { CREDENTIALS_DIRECTORY: '/run/credentials/signalbox.service' });
    expect(loaded.config?.admin.token_file).toBe(`/run/credentials/signalbox.service/${id}`);
  });
});
