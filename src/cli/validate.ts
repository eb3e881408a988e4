import { checkServiceFiles } from '../app/check-registries.js';
import { loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { Output } from './output.js';

/** Prints every problem and warning of a configuration file and of its services files. @returns the exit code */
export async function runValidate(file: string, output: Output): Promise<number> {
  const { config, ...loaded } = await loadConfig(file, process.env);
  const services = config === undefined ? undefined : checkServiceFiles(config);
  const problems = [...(loaded.problems ?? []), ...(services?.problems ?? [])];
  const warnings = [...('warnings' in loaded ? loaded.warnings : []), ...(services?.warnings ?? [])];
  for (const problem of problems) output.stderr.write(`${formatProblem(problem)}\n`);
  for (const warning of warnings)
    output.stderr.write(`${formatProblem({ ...warning, message: `warning: ${warning.message}` })}\n`);
  if (problems.length > 0) {
    output.stderr.write(`${file}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}\n`);
    return 1;
  }
  output.stdout.write(`${file} is valid\n`);
  return 0;
}
