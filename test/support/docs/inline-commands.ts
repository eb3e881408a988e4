import type { Command } from 'commander';
import { createProgram } from '../../../src/cli/command-line.js';

const silent = { write: () => true };
const program = createProgram({ stdout: silent, stderr: silent }, async () => {
  throw new Error('nothing is started');
});

/** Commands of a shell that call Signalbox with a command or an option that does not exist. */
export function unknownCalls(commands: string): readonly string[] {
  const calls = commands.replaceAll(/\\\n\s*/g, '').split('\n');
  return calls.filter((call) => call.startsWith('signalbox ')).filter(isUnknown);
}

/** Mentions of `signalbox …` in the prose of a page whose command or option does not exist. */
export function unknownCommands(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  return [...prose.matchAll(/`(signalbox [^`]*)`/g)].map(([, mention = '']) => mention).filter(isUnknown);
}

function isUnknown(mention: string): boolean {
  const [, name = '', ...words] = mention.split(/\s+/);
  // `signalbox status|rollback` names several.
  const commands = name.split('|').map((one) => program.commands.find((command) => command.name() === one));
  return commands.some((command) => command === undefined || words.some((word) => !takes(command, word)));
}

function takes(command: Command, word: string): boolean {
  const flag = /^-{1,2}[a-z][a-z-]*/.exec(word)?.[0];
  if (flag === undefined || flag === '--help' || flag === '-h') return true;
  return command.options.some(({ long, short }) => long === flag || short === flag);
}
