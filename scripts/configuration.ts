// Writes docs/configuration.md from the schema that the configuration is checked against. Run with tsx.
import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration/page.js';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationPage());
