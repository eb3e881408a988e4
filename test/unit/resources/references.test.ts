import { expect, test } from 'vitest';
import { referencesOf } from '../../../src/resources/references.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { exampleNames, readExample } from '../../support/examples.js';

const resources = exampleNames().flatMap((name) => readExample(name).resources);
const ofType = (typeUrl: string) => resources.filter((resource) => resource.typeUrl === typeUrl);

test.each([
  ['clusters', TYPE_URL.cluster],
  ['listeners', TYPE_URL.listener],
  ['route configurations', TYPE_URL.route],
  ['load assignments', TYPE_URL.endpoints],
])('of all %s in the examples the references are read back from the wire', (_, typeUrl) => {
  const all = ofType(typeUrl);
  expect(all.length).toBeGreaterThan(10);
  for (const { name, body, references } of all)
    expect([name, [...referencesOf(typeUrl, body)].sort()]).toEqual([name, [...references].sort()]);
});

test('bytes that are no such message are an error', () => {
  expect(() => referencesOf(TYPE_URL.cluster, Buffer.from([255, 255]))).toThrow('no envoy.config.cluster');
});
