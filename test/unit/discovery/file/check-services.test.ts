import { expect, test } from 'vitest';
import { checkServices } from '../../../../src/discovery/file/check-services.js';

const check = (text: string) =>
  checkServices(text, 1).map(({ place, path, message, isWarning }) =>
    [`${place?.line}:${place?.column}`, path.join('.'), `${isWarning ? 'warning: ' : ''}${message}`].join(
      ' ',
    ),
  );

test('nothing is wrong with a file that is right', () => {
  expect(
    check(`services:
  web:
    - { host: 127.0.0.1, port: 80, weight: 0.5, metadata: { a: b }, status: up, secure: true }
    - { host: 127.0.0.2, port: 80, weight: 0 }
    - { host: 127.0.0.3, port: 80, status: down, locality: { zone: a } }
  none: []
`),
  ).toEqual([]);
  expect(check('{"services": {"web": [{"host": "a", "port": 1}]}}')).toEqual([]);
});

test('every instance that cannot be served, and every key without a meaning', () => {
  expect(
    check(`services:
  web:
    - { host: 127.0.0.1, prot: 80 }
    - { hots: 127.0.0.1, port: 80 }
    - { address: 127.0.0.1:80 }
    - { host: 127.0.0.1, port: }
    - host: 127.0.0.1
      port: 80
      wieght: 3
    - { host: 127.0.0.1, port: 0 }
    - { host: "a b", port: 1 }
    - { host: a, port: 1, weight: -1 }
    - { host: a, port: 1, weight: heavy }
    - { host: a, port: 1, locality: { zon: a } }
    - 127.0.0.1:80
    - { host: a, port: 1 }
  "a\\tb": []
`),
  ).toEqual([
    '3:7 services.web.0 "port" is missing; unknown key "prot", did you mean "port"?',
    '4:7 services.web.1 "host" is missing; unknown key "hots", did you mean "host"?',
    '5:7 services.web.2 "host" and "port" are missing; unknown key "address"; known here: host, port, weight, metadata, status, locality, secure',
    '6:7 services.web.3 "port" is missing',
    '9:15 services.web.4.wieght unknown key "wieght", did you mean "weight"?',
    '10:7 services.web.5 "0" is no port from 1 to 65535',
    '11:7 services.web.6 "a b" is no IP address and no host name',
    '12:7 services.web.7 weight -1 is negative',
    '13:7 services.web.8 warning: weight "heavy" is no number; 1 is used',
    '14:7 services.web.9 locality: zon: unknown key, did you mean "zone"?',
    '15:7 services.web.10 expected a mapping with "host" and "port"',
    '3:5 services.web warning: a:1: the same host and port came before',
    '17:11 services.a\tb the service is left out because of its name: it holds a control character or half of a surrogate pair',
  ]);
});

test.each([
  ['', '1:1  expected a map with the key "services"'],
  ['{}', '1:1  the key "services" is missing'],
  ['servces: {}', '1:10  unknown key "servces", did you mean "services"?'],
  ['services:\n  web: [', '2:9  '],
  ['services:\n  web: { host: a }', '2:8  service "web" must be a list of instances'],
])('%j as a whole', (text, problem) => {
  expect(check(text)).toEqual([expect.stringContaining(problem)]);
});
