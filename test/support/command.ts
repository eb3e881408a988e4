import { runCommandLine } from '../../src/cli/command-line.js';

/** What a command of `signalbox` returns and prints, in this process. */
export async function signalbox(...args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}
