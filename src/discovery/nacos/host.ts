/** A server as its option says it. */
export interface NacosHost {
  /** Without user and password. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
}

/**
 * Reads `http://user:password@host:port`. Passwords with `@`, `:` or `/` are written as they are in many an
 * APISIX block, so the last `@` ends them, and percent encoding is undone only where it is whole.
 */
export function readHost(text: string): NacosHost | undefined {
  const match = /^(https?:\/\/)(?:(.*)@)?([^@]+)$/i.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', credentials, rest = ''] = match;
  const url = `${scheme}${rest}`;
  if (!URL.canParse(url)) return undefined;
  if (credentials === undefined || credentials === '') return { url };
  const colon = credentials.indexOf(':');
  if (colon < 0) return { url, user: decoded(credentials) };
  return { url, user: decoded(credentials.slice(0, colon)), password: decoded(credentials.slice(colon + 1)) };
}

/**
 * The path before every request: `/nacos` by default. APISIX's prefix names the API as well, `/nacos/v1/`, which is
 * found out here.
 */
export function readPrefix(text: string): string {
  const bare = text.replace(/^\/+|\/+$/g, '').replace(/(^|\/)v[123]$/, '');
  return bare === '' ? '' : `/${bare}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
