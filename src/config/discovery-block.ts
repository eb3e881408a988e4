import { resolve } from 'node:path';
import { applyAliases, type Remark } from './aliases.js';
import { readDeployment } from './apisix-deployment.js';
import type { ConfigPath } from './problem.js';
import { registryAliases, registryTypes } from './registries.js';

export interface Placed {
  readonly path: ConfigPath;
  readonly message: string;
}

export interface PreparedDiscovery {
  /** The configuration with the `discovery` block in the form that the schema takes. */
  readonly value: unknown;
  readonly problems: readonly Placed[];
  readonly warnings: readonly Placed[];
  /** The path as the file has it, of a path in `value`. */
  written(path: ConfigPath): ConfigPath;
}

/**
 * Makes the `discovery` block what the schema takes: the type that a registry's name stands for, today's names of
 * options, and paths of files counted from the folder of the configuration file.
 */
export function prepareDiscovery(given: unknown, folder: string): PreparedDiscovery {
  const problems: Placed[] = [];
  const warnings: Placed[] = [];
  const names = new Map<string, ReadonlyMap<string, string>>();
  const lists = new Map<string, ConfigPath>();
  const { value, fromDeployment } = withDeployment(given, problems, warnings);
  const result = (prepared: unknown): PreparedDiscovery => ({
    value: prepared,
    problems,
    warnings,
    written: (path) => {
      const [section, registry, option, ...rest] = path;
      if (fromDeployment && section === 'routes_from' && registry === 'apisix') {
        const name = option === 'endpoints' ? 'host' : option;
        return ['deployment', 'etcd', ...(name === undefined ? [] : [name]), ...rest];
      }
      if (section !== 'discovery' || registry === undefined || option === undefined) return path;
      const place = lists.get(String(registry)) ?? [section, registry];
      return [...place, names.get(String(registry))?.get(String(option)) ?? option, ...rest];
    },
  });
  if (!isRecord(value)) return result(value);
  const others = {
    ...(isRecord(value.snapshot) && { snapshot: withPath(value.snapshot, folder) }),
    ...storesOf(value, folder),
    ...accessOf(value, folder),
    ...listenersOf(value, folder),
  };
  if (!isRecord(value.discovery)) return result({ ...value, ...others });

  const registries = expanded(value.discovery, lists).map(([name, given]) => {
    if (!isRecord(given)) return [name, given];
    const type = given.type ?? name;
    const known = registryTypes.find((candidate) => candidate === type);
    const renamed = applyAliases(given, (known && registryAliases[known]) ?? {});
    const at = lists.get(name) ?? ['discovery', name];
    const place = ({ option, message }: Remark): Placed => ({ path: [...at, option], message });
    problems.push(...renamed.problems.map(place));
    warnings.push(...renamed.warnings.map(place));
    names.set(name, renamed.written);
    return [name, { type, ...resolvePaths(renamed.options, folder, type === 'file') }];
  });
  return result({ ...value, ...others, discovery: Object.fromEntries(registries) });
}

/** Puts the etcd of APISIX's `deployment` where its documents are read from. */
function withDeployment(
  given: unknown,
  problems: Placed[],
  warnings: Placed[],
): { readonly value: unknown; readonly fromDeployment: boolean } {
  if (!isRecord(given) || given.deployment === undefined) return { value: given, fromDeployment: false };
  const { deployment, ...rest } = given;
  const read = readDeployment(deployment);
  problems.push(...read.problems);
  warnings.push(...read.warnings);
  const stores = isRecord(rest.routes_from) ? rest.routes_from : {};
  if (read.store === undefined) return { value: rest, fromDeployment: false };
  if (stores.apisix !== undefined) {
    problems.push({ path: ['deployment', 'etcd'], message: '"routes_from.apisix" says it already' });
    return { value: rest, fromDeployment: false };
  }
  return { value: { ...rest, routes_from: { ...stores, apisix: read.store } }, fromDeployment: true };
}

/** A list of registries of one type, as some blocks of APISIX are: each is one of its own, by its `id` or its place. */
function expanded(
  discovery: Readonly<Record<string, unknown>>,
  lists: Map<string, ConfigPath>,
): readonly (readonly [string, unknown])[] {
  return Object.entries(discovery).flatMap(([type, given]): (readonly [string, unknown])[] => {
    if (!Array.isArray(given) || !registryTypes.some((known) => known === type)) return [[type, given]];
    return given.map((member: unknown, index) => {
      const { id, ...options } = isRecord(member) ? member : { id: undefined };
      const name = typeof id === 'string' ? `${type}-${id}` : index === 0 ? type : `${type}-${index + 1}`;
      lists.set(name, ['discovery', type, index]);
      return [name, isRecord(member) ? { type, ...options } : member] as const;
    });
  });
}

function storesOf({ routes_from }: Readonly<Record<string, unknown>>, folder: string) {
  if (!isRecord(routes_from)) return {};
  const stores = Object.entries(routes_from).map(([name, store]) => [
    name,
    isRecord(store) ? resolvePaths(store, folder, name === 'apisix_file') : store,
  ]);
  return { routes_from: Object.fromEntries(stores) };
}

function listenersOf({ listeners }: Readonly<Record<string, unknown>>, folder: string) {
  if (!Array.isArray(listeners)) return {};
  return { listeners: listeners.map((listener: unknown) => resolveTlsPaths(listener, folder)) };
}

/** What proxies are asked for names files too: `xds.tls`, and `token_file` in the rules of `allow`. */
function accessOf({ xds, allow }: Readonly<Record<string, unknown>>, folder: string) {
  return {
    ...(isRecord(xds) && { xds: resolvePaths(xds, folder, false) }),
    ...(Array.isArray(allow) && {
      allow: allow.map((rule: unknown) => (isRecord(rule) ? resolvePaths(rule, folder, false) : rule)),
    }),
  };
}

/** Options that name files, in every registry: `dump.path`, the PEM files of `tls`, the `…_file` twins of secrets. */
function resolvePaths(
  options: Readonly<Record<string, unknown>>,
  folder: string,
  hasPath: boolean,
): Record<string, unknown> {
  const named = (record: unknown, isPath: (key: string) => boolean): unknown => {
    if (!isRecord(record)) return record;
    return Object.fromEntries(
      Object.entries(record).map(([key, value]) => [
        key,
        isPath(key) && typeof value === 'string' && value !== '' ? resolve(folder, value) : value,
      ]),
    );
  };
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => {
      if (key === 'dump') return [key, named(value, (inner) => inner === 'path')];
      if (key === 'tls')
        return [key, named(value, (inner) => ['ca', 'cert', 'key', 'client_ca'].includes(inner))];
      const isPath = key.endsWith('_file') || (key === 'path' && hasPath);
      return [key, isPath && typeof value === 'string' && value !== '' ? resolve(folder, value) : value];
    }),
  );
}

function withPath(options: Readonly<Record<string, unknown>>, folder: string): Record<string, unknown> {
  const { path } = options;
  return { ...options, ...(typeof path === 'string' && path !== '' && { path: resolve(folder, path) }) };
}

/** The PEM files of a listener. */
function resolveTlsPaths(listener: unknown, folder: string): unknown {
  if (!isRecord(listener) || !isRecord(listener.tls)) return listener;
  const resolved = (record: unknown, keys: readonly string[]): unknown =>
    isRecord(record)
      ? Object.fromEntries(
          Object.entries(record).map(([key, value]) => [
            key,
            keys.includes(key) && typeof value === 'string' && value !== '' ? resolve(folder, value) : value,
          ]),
        )
      : record;
  const { certificates } = listener.tls;
  return {
    ...listener,
    tls: {
      ...Object(resolved(listener.tls, ['client_ca'])),
      ...(Array.isArray(certificates) && {
        certificates: certificates.map((pair) => resolved(pair, ['cert', 'key'])),
      }),
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
