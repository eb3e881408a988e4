/** Envoy's commands that say something of a request wherever it is; an unknown one would be refused. */
export const PLAIN_COMMANDS: ReadonlySet<string> = new Set([
  ...[
    'PROTOCOL',
    'START_TIME',
    'HOSTNAME',
    'RESPONSE_CODE',
    'ROUTE_NAME',
    'UPSTREAM_CLUSTER',
    'UPSTREAM_HOST',
  ],
  ...['DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_REMOTE_PORT'],
  ...['DOWNSTREAM_DIRECT_REMOTE_ADDRESS', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT'],
  ...['DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_LOCAL_PORT'],
  ...[
    'REQUESTED_SERVER_NAME',
    'VIRTUAL_CLUSTER_NAME',
    'CONNECTION_ID',
    'STREAM_ID',
    'UPSTREAM_REMOTE_ADDRESS',
  ],
]);
const WITH_ARGUMENT = new Set([
  ...['REQ', 'RESP', 'TRAILER', 'START_TIME', 'DYNAMIC_METADATA', 'CLUSTER_METADATA', 'UPSTREAM_METADATA'],
  ...['FILTER_STATE', 'PER_REQUEST_STATE', 'ENVIRONMENT'],
]);
const COMMAND = /%%|%([A-Z_]+)(\([^()%\s]+\))?(:\d+)?%|%/g;

/** Why Envoy does not take the value of a header: in it a `%` begins a command, and `%%` stands for one. */
export function formatRefusal(value: string): string | undefined {
  for (const [text, name, argument] of value.matchAll(COMMAND)) {
    if (text === '%%') continue;
    if (name === undefined)
      return `"${value}": a "%" begins one of Envoy's commands, such as "%PROTOCOL%"; "%%" is a "%"`;
    const known = argument === undefined ? PLAIN_COMMANDS.has(name) : WITH_ARGUMENT.has(name);
    if (!known) return `"${value}": there is no command "${text}" here`;
  }
  return undefined;
}

/** A text as the value of a header that stands for itself. */
export function literalFormat(text: string): string {
  return text.replaceAll('%', '%%');
}
