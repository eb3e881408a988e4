import { cpus, totalmem, type } from 'node:os';
import { command } from '../test/peers/cache.js';

/** What the figures were taken on. */
export async function machine(): Promise<string> {
  const processors = cpus();
  const model = (processors[0]?.model ?? 'unknown processor').trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  const [, , go] = (await command('go', ['version']).catch(() => '')).split(' ');
  const versions = [`Node ${process.versions.node}`, ...(go === undefined ? [] : [go.replace(/^go/, 'Go ')])];
  return `${processors.length} × ${model}, ${memory} GB, ${type()}, ${versions.join(', ')}`;
}
