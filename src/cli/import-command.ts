import { type Command, CommanderError } from 'commander';
import type { Output } from './output.js';

interface ImportFlags {
  readonly from?: string;
  readonly prefix: string;
  readonly json?: true;
}

/** Adds `signalbox import apisix`. */
export function addImportCommand(program: Command, output: Output, done: (code: number) => void): void {
  program
    .command('import')
    .description(
      "tell what of another gateway's documents would be carried over; ends with 1 if anything is not",
    )
    .argument('<gateway>', 'whose documents they are: apisix')
    .argument('[file]', 'an apisix.yaml or apisix.json of its standalone mode')
    .option(
      '--from <url>',
      'or its etcd, such as http://127.0.0.1:2379, or its Admin API, such as http://127.0.0.1:9180/apisix/admin (the key in APISIX_ADMIN_KEY)',
    )
    .option('--prefix <prefix>', 'what its keys in etcd begin with', '/apisix')
    .option('--json', 'as JSON')
    .action(async (gateway: string, file: string | undefined, { from, prefix, json }: ImportFlags) => {
      if (gateway !== 'apisix') throw wrong(`there is no import of "${gateway}": expected apisix`);
      if ((file === undefined) === (from === undefined)) throw wrong('expected a file, or --from with a URL');
      if (from !== undefined && !/^https?:\/\//.test(from)) throw wrong('--from: expected an http URL');
      const { runImport } = await import('./import-apisix.js');
      done(await runImport({ file, from, prefix, json: json === true }, output));
    });

  function wrong(message: string): CommanderError {
    output.stderr.write(`error: ${message}\n`);
    return new CommanderError(2, 'signalbox.import', message);
  }
}
