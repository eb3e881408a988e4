import type { AccessLog as EnvoyAccessLog } from '../../generated/types/envoy/config/accesslog/v3/AccessLog.js';
import type { SubstitutionFormatString } from '../../generated/types/envoy/config/core/v3/SubstitutionFormatString.js';
import type { AccessLog } from '../../model/listener.js';
import { pack } from '../../protobuf/messages.js';
import { structOf } from '../../protobuf/struct.js';

/** Envoy's own output by its name, which works also where the path may not be opened; else a file. */
export function accessLogs(log: AccessLog | undefined): EnvoyAccessLog[] {
  if (log === undefined) return [];
  const format = formatOf(log);
  const log_format = format && { log_format: format };
  const stream = 'envoy.extensions.access_loggers.stream.v3';
  switch (log.path) {
    case '/dev/stdout':
      return [
        {
          name: 'envoy.access_loggers.stdout',
          typed_config: pack(`${stream}.StdoutAccessLog`, { ...log_format }),
        },
      ];
    case '/dev/stderr':
      return [
        {
          name: 'envoy.access_loggers.stderr',
          typed_config: pack(`${stream}.StderrAccessLog`, { ...log_format }),
        },
      ];
    default:
      return [
        {
          name: 'envoy.access_loggers.file',
          typed_config: pack('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
            path: log.path,
            ...log_format,
          }),
        },
      ];
  }
}

/** Envoy's own format where nothing is said; a text is a line. */
function formatOf({ format, json }: AccessLog): SubstitutionFormatString | undefined {
  if (json !== undefined) return { json_format: structOf(json) };
  if (format === undefined) return undefined;
  return { text_format_source: { inline_string: format.endsWith('\n') ? format : `${format}\n` } };
}
