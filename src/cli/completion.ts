import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that completes the commands, options and values of a program. */
export function completionScript(shell: Shell, program: Command): string {
  return { bash, zsh, fish }[shell](program);
}

/** What may follow an option. */
function valueKind(option: Option): 'none' | 'file' | 'text' | readonly string[] {
  if (!option.required && !option.optional) return 'none';
  if (option.argChoices !== undefined) return option.argChoices;
  return /[<[]file[>\]]/.test(option.flags) ? 'file' : 'text';
}

function flagsOf({ short, long }: Option): readonly string[] {
  return [short, long].filter((flag) => flag !== undefined && flag !== null);
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

/** The values that the first argument may have, where they are known. */
function choicesOf(command: Command): readonly string[] {
  return command.registeredArguments[0]?.argChoices ?? [];
}

/** As a word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bash(program: Command): string {
  const name = program.name();
  const commands = program.commands.map((command) => command.name());
  const after = program.commands.flatMap((command) =>
    optionsOf(command).flatMap((option) => {
      const value = valueKind(option);
      if (value === 'none') return [];
      const places = flagsOf(option).map((flag) => quoted(`${command.name()} ${flag}`));
      return [`    ${places.join('|')}) ${bashValue(value)}; return ;;`];
    }),
  );
  const words = program.commands.map((command) => {
    const all = [...choicesOf(command), ...optionsOf(command).flatMap(flagsOf)];
    return `    ${command.name()}) words=${quoted(all.join(' '))} ;;`;
  });
  return `# ${name} completion bash: to be read by bash, as with  source <(${name} completion bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= words= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in ${commands.join('|')}) command=\${COMP_WORDS[i]}; break ;; esac
  done
  case "$command $prev" in
${after.join('\n')}
  esac
  case $command in
    '') words=${quoted([...commands, ...optionsOf(program).flatMap(flagsOf)].join(' '))} ;;
${words.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _${name} ${name}
`;
}

function bashValue(value: 'file' | 'text' | readonly string[]): string {
  if (value === 'text') return ':';
  if (value === 'file') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")';
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(value.join(' '))} -- "$cur")`;
}

function zsh(program: Command): string {
  const name = program.name();
  const described = program.commands.map(
    (command) => `    ${quoted(`${command.name()}:${command.description()}`)}`,
  );
  const cases = program.commands.map((command) => {
    const choices = choicesOf(command);
    const first = choices.length > 0 ? [quoted(`1:value:(${choices.join(' ')})`)] : [];
    const specs = [...first, ...optionsOf(command).flatMap(zshSpecs)];
    return `    ${command.name()}) _arguments ${specs.join(' ')} ;;`;
  });
  return `#compdef ${name}
# ${name} completion zsh: a file named _${name} in a folder of $fpath, or  source <(${name} completion zsh)
_${name}() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
compdef _${name} ${name}
`;
}

function zshSpecs(option: Option): readonly string[] {
  const description = option.description.replace(/[[\]:]/g, '\\$&');
  const value = valueKind(option);
  const action = value === 'file' ? '_files' : value === 'text' ? ' ' : `(${[value].flat().join(' ')})`;
  return flagsOf(option).map((flag) =>
    quoted(`${flag}[${description}]${value === 'none' ? '' : `:value:${action}`}`),
  );
}

function fish(program: Command): string {
  const name = program.name();
  const text = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`;
  const line = (...parts: readonly string[]) => ['complete', '-c', name, ...parts].join(' ');
  const lines = program.commands.flatMap((command) => {
    const here = text(`__fish_seen_subcommand_from ${command.name()}`);
    const choices = choicesOf(command);
    return [
      line('-n', '__fish_use_subcommand', '-a', command.name(), '-d', text(command.description())),
      ...(choices.length > 0 ? [line('-n', here, '-a', text(choices.join(' ')))] : []),
      ...optionsOf(command).map((option) => line('-n', here, ...fishOption(option, text))),
    ];
  });
  return `# ${name} completion fish: ~/.config/fish/completions/${name}.fish
${line('-f')}
${lines.join('\n')}
`;
}

function fishOption(option: Option, text: (value: string) => string): readonly string[] {
  const { short, long, description } = option;
  const value = valueKind(option);
  const takes = { none: [], file: ['-r', '-F'], text: ['-x'] };
  return [
    ...(short ? ['-s', short.slice(1)] : []),
    ...(long ? ['-l', long.slice(2)] : []),
    ...(typeof value === 'string' ? takes[value] : ['-x', '-a', text(value.join(' '))]),
    ...['-d', text(description)],
  ];
}
