import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { command, onPath } from '../../peers/cache.js';
import { blocksOf, documentationPages, readPage } from '../../support/docs/block.js';

const ROOT = resolve(import.meta.dirname, '../../..');
let folder: string;
beforeAll(() => {
  // Within the project, so that the types of Kubernetes are found.
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.cache/manifests-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

function manifests(): readonly Manifest[] {
  const path = join(ROOT, 'deploy/kubernetes');
  return readdirSync(path)
    .filter((name) => name !== 'kustomization.yaml')
    .flatMap((name) => parseAllDocuments(readFileSync(join(path, name), 'utf8')))
    .map((document) => document.toJS() as Manifest);
}

/** What the documentation says that a container is to have, in a pod. */
function shownContainers(): readonly Manifest[] {
  return documentationPages()
    .flatMap((page) => blocksOf(page, readPage(page)))
    .filter(({ options }) => options.get('of') === 'kubernetes')
    .map(({ text }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      spec: { containers: [{ name: 'signalbox', ...parse(text) }] },
    }));
}

/** Each as a literal of the type that Kubernetes' own OpenAPI description gives it: the compiler knows no unknown field. */
function asLiterals(objects: readonly Manifest[]): string {
  const lines = objects.map(({ apiVersion, kind, ...rest }, at) => {
    const group = apiVersion.includes('/') ? apiVersion.replace('.k8s.io', '') : `core/${apiVersion}`;
    const literal = JSON.stringify({ apiVersion, kind, ...rest }, null, 1);
    return `import type { ${kind} as T${at} } from 'kubernetes-types/${group}.d.ts';\nexport const x${at}: T${at} = ${literal};`;
  });
  return lines.join('\n');
}

test('the manifests are what Kubernetes describes; a slip would be found', { timeout: 60_000 }, async () => {
  const objects = manifests();
  expect(objects.map(({ kind }) => kind).sort()).toEqual([
    ...['ConfigMap', 'Deployment', 'Namespace', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service'],
  ]);
  const wrong = JSON.stringify(objects)
    .replace('"readinessProbe"', '"readynessProbe"')
    .replace('"port":18000', '"port":"18000"')
    .replace('"minAvailable"', '"minAvailible"');
  const shown = shownContainers();
  expect(shown).not.toEqual([]);
  writeFileSync(join(folder, 'right.ts'), asLiterals([...objects, ...shown]));
  writeFileSync(join(folder, 'wrong.ts'), asLiterals(JSON.parse(wrong)));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', 'node'];
  const files = ['right.ts', 'wrong.ts'].map((name) => join(folder, name));
  const said = await command(process.execPath, [tsc, ...options, ...files]).catch(String);
  const errors = said.match(/\w+\.ts\(\d+,\d+\): error .*/g) ?? [];
  expect(errors.filter((line) => !line.startsWith('wrong.ts'))).toEqual([]);
  expect(errors).toEqual([
    expect.stringMatching(/readynessProbe.* does not exist in type 'Container'/),
    expect.stringMatching(/minAvailible.* does not exist in type 'PodDisruptionBudgetSpec'/),
    expect.stringContaining("Type 'string' is not assignable to type 'number'"),
  ]);
});

/** The unit with the Node of this machine, as systemd itself sees it. */
async function systemd(...args: readonly string[]): Promise<string> {
  const program = onPath('systemd-analyze');
  if (program === undefined)
    throw new Error(
      'systemd-analyze is not on PATH: apt-get install systemd, for the check of deploy/systemd',
    );
  const unit = join(folder, 'signalbox.service');
  const text = readFileSync(join(ROOT, 'deploy/systemd/signalbox.service'), 'utf8');
  writeFileSync(unit, text.replaceAll('/usr/bin/node', process.execPath));
  return await command(program, [...args, unit]);
}

test('systemd understands every line of the unit', async () => {
  const said = await systemd('verify', '--man=no');
  expect(said.split('\n').filter((line) => line.includes('signalbox'))).toEqual([]);
});

test('systemd finds the unit well confined', async () => {
  const said = await systemd('security', '--offline=true', '--no-pager', '--threshold=20');
  expect(said).toMatch(/Overall exposure level for signalbox\.service: 1\.\d OK/);
});
