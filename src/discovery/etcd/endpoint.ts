const DEFAULT_PORT = 2379;

/** `host:port` of an endpoint's URL; etcd's own port where it names none. */
export function targetOf(endpoint: string): string {
  const url = new URL(endpoint);
  // A URL drops the port that is its scheme's default, so that `http://etcd:80` has to be read from the text.
  const named = /^https?:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(endpoint)?.[1];
  return `${url.hostname}:${named ?? DEFAULT_PORT}`;
}

/** The endpoints for people. */
export function displayNameOf(endpoints: readonly string[]): string {
  return endpoints.map((endpoint) => `${new URL(endpoint).protocol}//${targetOf(endpoint)}`).join(',');
}
