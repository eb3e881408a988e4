#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

// What a control plane that has ended left open must not keep the process.
process.exit(await runCommandLine(process.argv.slice(2), process));
