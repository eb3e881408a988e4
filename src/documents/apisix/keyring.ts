import { createDecipheriv } from 'node:crypto';

/** APISIX's default `data_encryption.keyring`, as in its shipped configuration. */
export const DEFAULT_KEYRING: readonly string[] = ['qeddd145sfvddff3', 'edd1c9f0985e76a2'];

/** Decrypts what APISIX has encrypted in etcd; undefined where no key fits. */
export type Decrypt = (text: string) => string | undefined;

/**
 * APISIX encrypts with AES-128-CBC, the key also being the initialization vector, and writes base64.
 * https://apisix.apache.org/docs/apisix/plugin-develop/#encrypted-storage-fields
 * @param keyring keys of 16 characters, tried in this order
 */
export function decryptWith(keyring: readonly string[]): Decrypt {
  return (text) => {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length === 0 || bytes.length % 16 !== 0) return undefined;
    for (const key of keyring) {
      const found = decrypted(bytes, key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function decrypted(bytes: Buffer, key: string): string | undefined {
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, key);
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()]);
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch {
    return undefined;
  }
}
