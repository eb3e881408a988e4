/** Whether commands printed what a page shows: line by line, `…` for anything, spaces for any number of them. */
export function printsAs(output: string, shown: string): boolean {
  const told = lines(output);
  const wanted = lines(shown);
  return (
    told.length === wanted.length && wanted.every((line, index) => pattern(line).test(told[index] ?? ''))
  );
}

function lines(text: string): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '));
}

function pattern(line: string): RegExp {
  const parts = line.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
