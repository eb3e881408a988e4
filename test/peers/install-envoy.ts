// Installs a version of Envoy and prints the path of its binary.
import { installEnvoyVersion } from './envoy.js';

const [version = ''] = process.argv.slice(2);
process.stdout.write(`${await installEnvoyVersion(version)}\n`);
