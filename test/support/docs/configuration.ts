import { resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../../src/config/load.js';
import { formatProblem } from '../../../src/config/problem.js';
import { parseServiceFile } from '../../../src/discovery/file/service-file.js';
import { type Block, inRepository } from './block.js';

type Mapping = Readonly<Record<string, unknown>>;

/** What a registry cannot do without. */
const REQUIRED: Readonly<Record<string, Mapping>> = {
  consul_kv: { servers: ['http://127.0.0.1:8500'] },
  consul: { servers: ['http://127.0.0.1:8500'] },
  etcd: { endpoints: ['http://127.0.0.1:2379'] },
  eureka: { host: ['http://127.0.0.1:8761'] },
  file: { path: 'services.yaml' },
  nacos: { host: ['http://127.0.0.1:8848'] },
  zookeeper: { hosts: ['127.0.0.1:2181'] },
};

/** Where a part of a listener or of a route belongs; what else is needed there. */
const PLACES: Readonly<Record<string, (part: unknown) => Mapping>> = {
  listener: (part) => ({ listeners: [{ name: 'http', address: '127.0.0.1:10000', ...mapping(part) }] }),
  route: (part) => ({ routes: [{ match: { prefix: '/' }, service_name: 'a', ...mapping(part) }] }),
  service: (part) => ({ services: { a: part } }),
  registry: (part) => ({ discovery: part }),
};

/** What `signalbox validate` says of a block of YAML. Empty: it is fine. */
export function problemsOf(block: Block): readonly string[] {
  const { options, text } = block;
  if (options.has('services')) {
    const { error } = parseServiceFile(text);
    return error === undefined ? [] : [error];
  }
  const { warnings = [], problems = [] } = { warnings: [], ...validated(block) };
  if (options.has('invalid')) return problems.length > 0 ? [] : ['"invalid", yet there is nothing wrong'];
  if (options.has('warns') && warnings.length === 0) return ['"warns", yet nothing is warned of'];
  return [...problems, ...(options.has('warns') ? [] : warnings)].map(formatProblem);
}

function validated(block: Block) {
  const place = block.options.get('at');
  const put = place === undefined ? undefined : PLACES[place];
  if (place !== undefined && put === undefined)
    throw new Error(`at=${place}: one of ${Object.keys(PLACES).join(', ')}`);
  const written: unknown = parse(block.text);
  const missing = missingFrom(mapping(put === undefined ? written : put(written)));
  const completed = missing ?? put?.(written);
  // As it is written where it is whole, so that lines count from the block's own.
  const text = completed === undefined ? block.text : stringify(completed);
  return parseConfig(text, resolve(inRepository(block.page), '../signalbox.yaml'), {});
}

/**
 * The smallest configuration that a part of one stands in: registries have addresses, and those that services are made
 * of exist. Undefined where nothing is missing.
 */
function missingFrom(config: Mapping): Mapping | undefined {
  const discovery = mapping(config.discovery);
  const registries = Object.entries(discovery).map(([name, options]) => [name, mapping(options)] as const);
  const complete = registries.map(([name, options]) => [name, { ...requiredOf(name, options), ...options }]);
  const named = Object.values(mapping(config.services))
    .flatMap((policy) => list(mapping(policy).sources).map((source) => String(mapping(source).registry)))
    .filter((name) => !(name in discovery) && name in REQUIRED)
    .map((name) => [name, REQUIRED[name]]);
  const all = Object.fromEntries([...complete, ...named]);
  return JSON.stringify(all) === JSON.stringify(discovery) ? undefined : { ...config, discovery: all };
}

function requiredOf(name: string, options: Mapping): Mapping {
  return REQUIRED[typeof options.type === 'string' ? options.type : name] ?? {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
