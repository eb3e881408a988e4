import { withoutOuterSlashes } from '../../base/outer-slashes.js';

/** A server as its option says it. */
export interface NacosHost {
  /** Without user and password. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
}

/** Takes user and password out of a server's URL: Nacos wants them for a log-in of its own. */
export function readHost(text: string): NacosHost {
  const url = new URL(text);
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  return {
    url: url.href.replace(/\/+$/, ''),
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
  };
}

/**
 * The path before every request: `/nacos` by default. APISIX's prefix names the API as well, `/nacos/v1/`, which is
 * found out here.
 */
export function readPrefix(text: string): string {
  const bare = withoutOuterSlashes(text).replace(/(^|\/)v[123]$/, '');
  return bare === '' ? '' : `/${bare}`;
}
