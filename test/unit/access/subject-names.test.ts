import { expect, test } from 'vitest';
import { subjectNames } from '../../../src/access/subject-names.js';

test.each([
  [undefined, []],
  ['', []],
  ['DNS:a.example', ['a.example']],
  ['DNS:a, URI:spiffe://b/c, IP Address:127.0.0.1, email:x@y', ['a', 'spiffe://b/c']],
  // A name that holds what looks like another one is one name.
  ['URI:"spiffe://b/c, DNS:admin"', ['spiffe://b/c, DNS:admin']],
  ['DNS:"a\\"b, DNS:admin", DNS:c', ['a"b, DNS:admin', 'c']],
  ['DirName:"CN=a, DNS:admin", DNS:c', ['c']],
  // What cannot be read lets nobody in.
  ['DNS:a, what', []],
  ['DNS:"a, DNS:admin', []],
  ['DNS:"\\x", DNS:admin', []],
])('%s', (text, names) => {
  expect(subjectNames(text)).toEqual(names);
});
