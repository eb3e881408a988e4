import { createHmac } from 'node:crypto';
import type { Secret } from '../../config/secret.js';

export interface AccessKey {
  readonly accessKey: string;
  readonly secretKey: Secret;
}

/**
 * The parameters by which a request proves that its sender has the secret key, as Nacos' own clients send them.
 * @param service `GROUP@@service` where the request is about one
 */
export function signature(
  { accessKey, secretKey }: AccessKey,
  service: string | undefined,
  now: number,
): Readonly<Record<string, string>> {
  const data = service === undefined ? String(now) : `${now}@@${service}`;
  const signed = createHmac('sha1', secretKey.current()).update(data).digest('base64');
  return { ak: accessKey, data, signature: signed };
}
