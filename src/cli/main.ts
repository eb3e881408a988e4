#!/usr/bin/env node
import { setImmediate } from 'node:timers/promises';
import { ProcessFaults } from '../telemetry/process-faults.js';
import { watchOutput } from './broken-output.js';
import { runCommandLine } from './command-line.js';

const failedToWrite = watchOutput(process);
const code = await runCommandLine(process.argv.slice(2), process, undefined, new ProcessFaults(process));
// A stream tells of its errors a moment later.
await setImmediate();
// What a control plane that has ended left open must not keep the process.
process.exit(code === 0 && failedToWrite() ? 1 : code);
