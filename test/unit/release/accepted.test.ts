import { beforeEach, expect, test } from 'vitest';
import { AcceptedVersions } from '../../../src/release/accepted.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

const { cluster } = TYPE_URL;
let versions: AcceptedVersions;
beforeEach(() => {
  versions = new AcceptedVersions();
});

const the = (content: string, name = 'a') => aResource(name, content);
const publish = (...contents: readonly string[]) => {
  for (const content of contents)
    versions.published(new Map([[cluster, new Map([['a', content === '' ? undefined : the(content)]])]]));
};
const accept = (content: string) => versions.accepted(the(content));
const report = (content: string, name?: string) => versions.reported(the(content, name));
const other = (content: string) => versions.other(the(content))?.body.toString();
const had = (name: string) => versions.had(the('', name));

test('a version is accepted once it was published, by the first proxy that says so', () => {
  expect(accept('1')).toBe(false);
  publish('1');
  expect(versions.isAccepted(the('1'))).toBe(false);
  expect([accept('2'), accept('1'), accept('1')]).toEqual([false, true, false]);
  expect([versions.isAccepted(the('1')), versions.isAccepted(the('1', 'b'))]).toEqual([true, false]);
});

test('in place of a version comes the one that was published last of those that are accepted', () => {
  publish('1', '2', '3');
  expect(other('3')).toBeUndefined();
  accept('1');
  expect([other('1'), other('3')]).toEqual([undefined, '1']);
  accept('2');
  expect([other('1'), other('2'), other('3')]).toEqual(['2', undefined, '2']);
  expect([...versions.all()]).toEqual([the('2')]);
});

test('a version that is published again is the newest, and stays accepted', () => {
  publish('1');
  accept('1');
  for (let round = 0; round < 20; round += 1) publish('2', '1');
  expect(accept('2')).toBe(true);
  publish('3');
  expect(other('3')).toBe('1');
});

test('of very many versions of one resource the oldest are forgotten that were not accepted', () => {
  const all = Array.from({ length: 16 }, (_, n) => `${n}`);
  publish(...all);
  accept('0');
  publish('16', '17');
  expect([accept('1'), accept('2'), other('17')]).toEqual([false, false, '0']);
  expect(accept('3')).toBe(true);
});

test('sixteen versions of one resource are remembered', () => {
  publish(...Array.from({ length: 16 }, (_, n) => `${n}`));
  expect(accept('0')).toBe(true);
});

test('a proxy that comes back tells something new with each version, and once with versions of which nothing is known', () => {
  publish('1');
  expect([report('1'), report('1')]).toEqual([true, false]);
  publish('2');
  expect([report('1'), report('0'), report('00'), report('2')]).toEqual([false, true, false, true]);
  expect([report('', 'unpublished'), report('', 'unpublished')]).toEqual([true, false]);
});

test('a proxy has a resource when it has accepted some version of it, or came back with one', () => {
  publish('1');
  expect(had('a')).toBe(false);
  accept('1');
  publish('2');
  expect(had('a')).toBe(true);
  expect(had('b')).toBe(false);
  report('1', 'b');
  expect(had('b')).toBe(true);
});

test('what was accepted in a life before counts, and a proxy may yet come back with something else', () => {
  versions.restore([the('1')]);
  expect([versions.isAccepted(the('1')), other('2'), had('a')]).toEqual([true, '1', true]);
  expect([report('1'), report('2'), report('2')]).toEqual([false, true, false]);
});

test('what is removed or no longer published is forgotten', () => {
  versions.restore(['a', 'b', 'c'].map((name) => the('1', name)));
  publish('');
  report('1', 'unpublished');
  expect(had('a')).toBe(false);
  versions.keepOnly((typeUrl, name) => typeUrl === cluster && (name === 'b' || name === 'unpublished'));
  expect(['b', 'c', 'unpublished'].map(had)).toEqual([true, false, false]);
});

test('the revision grows when a version is accepted, and when a resource is forgotten', () => {
  const revisions = [versions.revision];
  const steps = [
    () => publish('1'),
    () => accept('1'),
    () => accept('1'),
    () => publish(''),
    () => publish(''),
  ];
  for (const step of steps) {
    step();
    revisions.push(versions.revision);
  }
  expect(revisions).toEqual([0, 0, 1, 1, 2, 2]);
});
