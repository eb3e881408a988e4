import { type Block, blocksOf } from './block.js';

/** What `needs=signalbox` runs with, and what `yaml apply` puts its part over. */
export const CONFIGURATION = {
  xds: { listen: '127.0.0.1:18000' },
  admin: { listen: '127.0.0.1:18001' },
  discovery: { local: { type: 'file', path: 'services.yaml' } },
  load_reports: { interval: '1s' },
  listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
  routes: [{ match: { prefix: '/user/' }, service_name: 'user-service' }],
};

const SERVICES = `\`\`\`yaml services
services:
  user-service:
    - { host: 127.0.0.1, port: 8081 }
    - { host: 127.0.0.1, port: 8082 }
\`\`\`
`;

/** The services of a page: what its first `yaml services` says, or these. */
export function servicesOf(blocks: readonly Block[]): readonly Block[] {
  const own = blocks.filter(({ options }) => options.has('services'));
  return own.length > 0 ? own : blocksOf('', SERVICES);
}
