import { expect, test } from 'vitest';
import { escapeUserInfo } from '../../../src/config/user-info.js';
import { serverUrl } from '../../../src/config/values.js';

test.each(['p@ss', 'a/b', 'a#b', 'a?b', 'a:b', '100%', '50%x', 'ü€', '[x]', 'a b', '\'"', 'plain'])(
  'the password %s may be written as it is',
  (password) => {
    const url = new URL(serverUrl.parse(`http://user:${password}@host:8761/x`));
    expect(decodeURIComponent(url.password)).toBe(password);
    expect([url.username, url.host, url.pathname]).toEqual(['user', 'host:8761', '/x']);
  },
);

test('what is escaped already stays so', () => {
  expect(escapeUserInfo('http://us%40er:p%40ss%2f@host/')).toBe('http://us%40er:p%40ss%2f@host/');
});

test.each(['http://host:8761/a', 'https://[::1]:1/', 'http://user@host/', 'nonsense'])('%s stays', (url) => {
  expect(escapeUserInfo(url)).toBe(url);
});
