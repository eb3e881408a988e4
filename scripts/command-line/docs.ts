import type { Command } from 'commander';
import { createProgram } from '../../src/cli/command-line.js';

const WIDTH = 110;

const HEAD = `# Command line

Made from the program's own help by \`npx tsx scripts/command-line.ts\`.

A flag beats the environment variable that its line names, which beats the configuration file. Exit codes: **0** success, **1**
failure, **2** wrong usage. The commands that ask a running instance say \`admin_unreachable\` on standard error and end with 1
when there is none; what they print is a table, or with \`--json\` what the admin API answers, for scripts.

Completion of commands, options and values:

\`\`\`sh
source <(signalbox completion bash)                                        # in ~/.bashrc
signalbox completion zsh > "\${fpath[1]}/_signalbox"                        # zsh
signalbox completion fish > ~/.config/fish/completions/signalbox.fish
\`\`\`
`;

/** All commands, as each tells of itself with \`--help\`. */
export function commandLineDocs(): string {
  const silent = { write: () => true };
  const program = createProgram({ stdout: silent, stderr: silent }, async () => {
    throw new Error('nothing is started');
  });
  return [HEAD, ...program.commands.map(section)].join('\n');
}

function section(command: Command): string {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: WIDTH });
  return `## signalbox ${command.name()}\n\n\`\`\`text\n${help.formatHelp(command, help).trimEnd()}\n\`\`\`\n`;
}
