// `serve` around a control plane that only tells what is asked of it. What goes wrong is scripted by the first argument.
import { runCommandLine } from '../../../src/cli/command-line.js';

const [script = '', config = ''] = process.argv.slice(2);
const tell = (app: string, auto_routes = false) =>
  process.stdout.write(`${JSON.stringify({ app, auto_routes })}\n`);

const args = ['serve', '-c', config, '--xds', '127.0.0.1:7'];
const code = await runCommandLine(args, process, async ({ xds, admin, auto_routes }) => {
  if (script === 'no-start') throw new Error('the port is taken');
  tell(`started with ${xds.listen.port} and ${admin.listen.port}`, auto_routes);
  return {
    xdsAddress: '127.0.0.1:7',
    adminAddress: '127.0.0.1:8',
    reload: async (next) => {
      if (script === 'no-reload') throw new Error('the listener cannot move');
      tell(`reloaded with ${next.xds.listen.port}`, next.auto_routes);
    },
    stop: async () => {
      tell('stopped');
      if (script === 'no-stop') await new Promise(() => setInterval(() => undefined, 1_000));
    },
  };
});
process.exit(code);
