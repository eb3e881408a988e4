import { expect, test } from 'vitest';
import { mentionedIn } from '../../../src/xds/mentions.js';

test.each([
  ['Error adding/updating cluster(s) web: bad', ['web', 'api'], ['web']],
  ['web', ['web'], ['web']],
  ['web-1: bad', ['web', 'web-1'], ['web-1']],
  ['my_web bad, web', ['web'], ['web']],
  ['webweb web', ['web'], ['web']],
  ['cobweb', ['web'], []],
  ['aa aaa', ['aa', 'aaa'], ['aa', 'aaa']],
  ['outbound|80||a.b: bad', ['outbound|80||a.b', 'a.b', 'b'], ['outbound|80||a.b', 'a.b', 'b']],
  ['a name with blanks: bad', ['a name', 'with'], ['a name', 'with']],
  ['nothing', [''], []],
  ['', ['a'], []],
])('"%s" mentions of %s: %s', (message, names, mentioned) => {
  expect([...mentionedIn(message, names)].sort()).toEqual([...mentioned].sort());
});

/** A look for each name in turn takes seconds. */
test.each([
  ['words', 'not-there '.repeat(1_600)],
  ['one letter', 'a'.repeat(16_384)],
  ['signs', ':'.repeat(16_384)],
  ['starts of names', 'service '.repeat(2_048)],
])('very many names in a long message of %s', (_what, message) => {
  const names = Array.from({ length: 20_000 }, (_, n) => `service ${n}`.padEnd(20 + (n % 200), 'y'));
  const { user } = process.cpuUsage();
  expect(mentionedIn(`${message} service 7${'y'.repeat(18)}`, names).size).toBeLessThan(2);
  expect(process.cpuUsage().user - user).toBeLessThan(200_000);
});
