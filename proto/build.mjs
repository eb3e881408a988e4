// Turns Envoy's published protos (npm @grpc/grpc-js-xds) and gRPC's health protocol into src/generated: one JSON
// descriptor that holds just what proto/roots.json reaches, TypeScript types, and the map from message names to those
// types; beside it a descriptor of everything that a configuration may put into a message (`envoy:` blocks), with Envoy's rules on fields.
// Run: node proto/build.mjs   (npm run build does)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, '../src/generated');
const require = createRequire(import.meta.url);
const published = resolve(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
/** What newer Envoys have and the published protos lack: short protos, and a list of fields that Envoy 1.40 calls deprecated. */
const newer = join(here, 'newer');
const includes = [
  newer,
  ...['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((name) => join(published, name)),
  dirname(require.resolve('protobufjs/package.json')),
  join(dirname(require.resolve('grpc-health-check/package.json')), 'proto'),
];
const { files, messages } = JSON.parse(readFileSync(join(here, 'roots.json'), 'utf8'));

const deprecatedSince = new Set(JSON.parse(readFileSync(join(newer, 'deprecated.json'), 'utf8')));

const stamp = join(out, 'stamp');
const inputs = [
  join(here, 'roots.json'),
  fileURLToPath(import.meta.url),
  join(published, '../package.json'),
  ...readdirSync(newer, { recursive: true }).map((file) => join(newer, file)),
];
if (existsSync(stamp) && inputs.every((file) => statSync(file).mtimeMs <= statSync(stamp).mtimeMs))
  process.exit(0);

const root = await load(files);
const reachable = reach(messages.map((name) => root.lookupType(name)));
const descriptor = JSON.stringify({ nested: prune(root, reachable) });
const api = await load(apiFiles());
const apiTypes = reach(typesOf(api));
const apiDescriptor = JSON.stringify({ nested: prune(api, apiTypes, rulesOf) });
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'envoy.json'), descriptor);
writeFileSync(join(out, 'envoy-api.json'), apiDescriptor);

execFileSync(
  process.execPath,
  [
    join(dirname(require.resolve('@grpc/proto-loader/package.json')), 'build/bin/proto-loader-gen-types.js'),
    '--keepCase',
    '--longs=String',
    '--enums=String',
    '--importFileExtension=.js',
    ...includes.map((folder) => `--includeDirs=${folder}`),
    `--outDir=${join(out, 'types')}`,
    ...files,
  ],
  // It warns of the well-known types, which protobufjs has built in.
  { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_NO_WARNINGS: '1' } },
);
withoutOrigins(join(out, 'types'));
writeFileSync(join(out, 'messages.ts'), messageMap());
writeFileSync(stamp, '');
console.log(
  `proto: ${messages.length} root messages, ${reachable.size} types, ${(descriptor.length / 1024).toFixed(0)} KB descriptor; ` +
    `with all extensions ${apiTypes.size} types, ${(apiDescriptor.length / 1024).toFixed(0)} KB`,
);

/** The published protos of these files, with all that they import. */
async function load(paths) {
  const loaded = new protobuf.Root();
  loaded.resolvePath = (_origin, target) => {
    if (protobuf.common.get(target) !== null) return target;
    const found = includes.map((folder) => join(folder, target)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`proto file not found in the published packages: ${target}`);
    return found;
  };
  await loaded.load(paths, { keepCase: true });
  loaded.resolveAll();
  return loaded;
}

/** Configuration and extensions, but for those that import what is not published with them or stand in a bootstrap only. */
function apiFiles() {
  const without =
    /extensions\/(tracers|wasm|stat_sinks|bootstrap)\/|config\/(trace|bootstrap|metrics)\/|open_telemetry/;
  return [join(published, 'envoy-api/envoy'), join(newer, 'envoy')]
    .flatMap((folder) => readdirSync(folder, { recursive: true }))
    .filter((file) => /^(config|extensions)\/.*\/v3\/.*\.proto$/.test(file) && !without.test(file))
    .map((file) => `envoy/${file}`)
    .sort();
}

function typesOf(namespace) {
  return namespace.nestedArray.flatMap((item) => [
    ...(item instanceof protobuf.Type ? [item] : []),
    ...(item instanceof protobuf.Namespace ? typesOf(item) : []),
  ]);
}

/** What Envoy checks of a field: the rules of protoc-gen-validate, and what it takes by default no more or will not for long. */
function rulesOf(item) {
  const rules = Object.assign({}, ...(item.parsedOptions ?? []).map((option) => option['(validate.rules)']));
  return {
    ...(Object.keys(rules).length > 0 && { rules }),
    ...(item.options?.['(envoy.annotations.disallowed_by_default)'] === true && { disallowed: true }),
    ...((item.options?.deprecated === true || deprecatedSince.has(item.fullName.slice(1))) && {
      deprecated: true,
    }),
    ...(item.options?.['(validate.required)'] === true && { required: true }),
  };
}

/** Every message and enum that the given messages refer to, with themselves. */
function reach(types) {
  const seen = new Set();
  const waiting = [...types];
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (seen.has(type)) continue;
    seen.add(type);
    if (type instanceof protobuf.Type) {
      for (const field of type.fieldsArray) if (field.resolvedType) waiting.push(field.resolvedType);
    }
  }
  return seen;
}

/** The JSON of a namespace without what is not reached, and with no options but those that are read at run time. */
function prune(namespace, reached, more = () => ({})) {
  const kept = {};
  for (const item of namespace.nestedArray) {
    const nested = item instanceof protobuf.Namespace ? prune(item, reached, more) : {};
    const own = reached.has(item);
    if (!own && Object.keys(nested).length === 0) continue;
    if (item instanceof protobuf.Enum) kept[item.name] = { values: item.values };
    else if (item instanceof protobuf.Type)
      kept[item.name] = { ...typeJson(item, own, more), ...(Object.keys(nested).length > 0 && { nested }) };
    else kept[item.name] = { nested };
  }
  return kept;
}

function typeJson(type, own, more) {
  if (!own) return { fields: {} };
  const fields = Object.fromEntries(
    type.fieldsArray.map((field) => {
      const json = { ...field.toJSON(), type: field.resolvedType?.fullName.slice(1) ?? field.type };
      const options = {
        ...(field.repeated && field.packed === false && { packed: false }),
        ...(field.options?.['(udpa.annotations.sensitive)'] === true && { sensitive: true }),
        ...more(field),
      };
      delete json.options;
      delete json.comment;
      return [field.name, { ...json, ...(Object.keys(options).length > 0 && { options }) }];
    }),
  );
  const oneofs = Object.fromEntries(
    type.oneofsArray.map((oneof) => {
      const options = more(oneof);
      return [oneof.name, { oneof: oneof.oneof, ...(Object.keys(options).length > 0 && { options }) }];
    }),
  );
  return { ...(type.oneofsArray.length > 0 && { oneofs }), fields };
}

/** Takes out the comments that name where on this machine the protos lie. */
function withoutOrigins(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^\/\/ Original file: .*\n/gm, ''));
  }
}

function messageMap() {
  const imports = messages.map((name, index) => {
    const short = name.split('.').at(-1);
    return `import type { ${short} as M${index} } from './types/${name.replaceAll('.', '/')}.js';`;
  });
  const entries = messages.map((name, index) => `  '${name}': M${index};`);
  return `${imports.join('\n')}\n\n/** The fields of messages by their full names, as Envoy's protos spell them. */\nexport interface MessageTypes {\n${entries.join('\n')}\n}\n`;
}
