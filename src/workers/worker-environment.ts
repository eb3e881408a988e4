/** What Node.js, OpenSSL, gRPC, the C library and the time zone go by. None of these is a secret of the configuration. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LANGUAGE'],
  ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_DEBUG', 'NODE_NO_WARNINGS', 'NODE_V8_COVERAGE'],
  ...['UV_THREADPOOL_SIZE', 'LD_LIBRARY_PATH', 'LD_PRELOAD'],
  ...['OPENSSL_CONF', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...[
    'GRPC_VERBOSITY',
    'GRPC_TRACE',
    'GRPC_NODE_VERBOSITY',
    'GRPC_NODE_TRACE',
    'GRPC_SSL_CIPHER_SUITES',
    'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  ],
]);
const NEEDED_PREFIXES = ['LC_', 'MALLOC_'];

/**
 * The environment of a worker, as `cluster.fork` adds it to that of this process: what is undefined is left out. The variables
 * that a configuration takes its secrets from are for the first process alone.
 */
export function workerEnvironment(own: NodeJS.ProcessEnv): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => [name, isNeeded(name) ? value : undefined]),
  );
}

function isNeeded(name: string): boolean {
  return NEEDED.has(name) || NEEDED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
