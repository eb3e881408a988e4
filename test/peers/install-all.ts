// Installs every real server that the tests need. A new peer adds its line here.
import { installChromium } from './chromium.js';
import { installConsul } from './consul.js';
import { installEnvoy } from './envoy.js';
import { installEtcd } from './etcd.js';
import { installNetflixEureka, installSpringEureka } from './eureka-install.js';
import { installNacos } from './nacos.js';
import { installNode } from './node.js';
import { installPrometheus } from './prometheus.js';
import { installRegistrants } from './registrants.js';
import { installZooKeeper } from './zookeeper-install.js';

const peers: Readonly<Record<string, () => Promise<string>>> = {
  envoy: installEnvoy,
  consul: installConsul,
  etcd: installEtcd,
  'eureka of Spring Cloud': installSpringEureka,
  'eureka of Netflix': async () => (await installNetflixEureka()).war,
  nacos: installNacos,
  prometheus: installPrometheus,
  registrants: installRegistrants,
  zookeeper: installZooKeeper,
  chromium: async () => (await installChromium()).path,
  'Node 22': async () => await installNode(22),
  'Node 24': async () => await installNode(24),
};

for (const [name, install] of Object.entries(peers)) {
  try {
    process.stdout.write(`peer ${name}: ${await install()}\n`);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    process.stderr.write(`${message.startsWith('peer ') ? '' : `peer ${name}: `}${message}\n`);
    process.exitCode = 1;
    break;
  }
}
