// npm run api: what the package exports, as etc/signalbox.api.md, so that a change of it shows in review. Reads the build.
import { writeFileSync } from 'node:fs';
import { apiReport, REPORT } from './api-report/report.js';

writeFileSync(REPORT, apiReport());
