import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/load.js';
import { type FuzzTarget, target } from './target.js';
import { anything, damaged, deepened, jsonOf, list, roughly } from './values.js';

const EXAMPLES = resolve(import.meta.dirname, '../../docs/examples');
const texts = readdirSync(EXAMPLES, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name === 'signalbox.yaml')
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .sort((a, b) => a.length - b.length);
/** Of the examples, the long ones take the time of many short ones: they come in one case of fifty. */
const LONG = 2_000;
const example = fc.oneof(
  { weight: 24, arbitrary: fc.constantFrom(...texts.filter(({ length }) => length < LONG)) },
  { weight: 1, arbitrary: fc.constantFrom(...texts) },
);

const text = fc.constantFrom(
  'one',
  '${A}',
  '${B:-x}',
  '127.0.0.1:80',
  '/x/',
  'http://127.0.0.1:8500',
  '5s',
  '50%',
);
const configuration = roughly({
  xds: roughly({ listen: text, workers: anything, drain: text, keepalive: anything }),
  discovery: fc.dictionary(
    fc.constantFrom('consul_kv', 'consul', 'etcd', 'eureka', 'zookeeper', 'nacos', 'file', 'other'),
    roughly({
      type: text,
      servers: list(text),
      endpoints: list(text),
      host: list(text),
      hosts: list(text),
      path: text,
      timeout: anything,
      mass_loss: anything,
    }),
    { maxKeys: 2 },
  ),
  services: fc.dictionary(
    text,
    roughly({ connect_timeout: text, lb_policy: anything, health_check: anything }),
    { maxKeys: 2 },
  ),
  listeners: list(roughly({ name: text, address: text, tls: anything }), 2),
  routes: list(
    roughly({
      match: roughly({ prefix: text, path: text, regex: text, headers: anything, methods: anything }),
      service_name: text,
      weighted: list(roughly({ service_name: text, weight: anything })),
      rewrite: anything,
      retries: anything,
    }),
    3,
  ),
  startup_grace: text,
  rollout: anything,
});

/** Whatever stands in a configuration file: it is read, or all that is wrong is said. */
export const CONFIGURATION: readonly FuzzTarget[] = [
  target(
    'configurations',
    fc.oneof(
      { weight: 5, arbitrary: jsonOf(configuration) },
      { weight: 5, arbitrary: damaged(example) },
      { weight: 1, arbitrary: damaged(deepened(example)) },
    ),
    (content) => {
      const { config, problems } = parseConfig(content, 'signalbox.yaml', { A: 'a' });
      if (config !== undefined) return;
      if (problems === undefined || problems.length === 0) throw new Error('refused without a reason');
      for (const { message } of problems)
        if (message === '' || message.includes('call stack')) throw new Error(`a problem: "${message}"`);
    },
  ),
];
