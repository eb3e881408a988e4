import { loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { Output } from './output.js';

/** Prints every problem and warning of a configuration file. @returns the exit code */
export async function runValidate(file: string, output: Output): Promise<number> {
  const { problems, ...loaded } = await loadConfig(file, process.env);
  for (const problem of problems ?? []) output.stderr.write(`${formatProblem(problem)}\n`);
  if (problems !== undefined) {
    output.stderr.write(`${file}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}\n`);
    return 1;
  }
  if ('warnings' in loaded) {
    for (const warning of loaded.warnings ?? []) {
      output.stderr.write(`${formatProblem({ ...warning, message: `warning: ${warning.message}` })}\n`);
    }
  }
  output.stdout.write(`${file} is valid\n`);
  return 0;
}
