import type { RouteAction } from '../../generated/types/envoy/config/route/v3/RouteAction.js';
import type { Rewrite, RouteMatch } from '../../model/route.js';

type EnvoyRewrite = Pick<RouteAction, 'prefix_rewrite' | 'regex_rewrite' | 'host_rewrite_literal'>;

export function envoyRewrite(match: RouteMatch, rewrite: Rewrite | undefined): EnvoyRewrite {
  if (rewrite === undefined) return {};
  const { prefix, regex, host } = rewrite;
  return {
    ...(host !== undefined && { host_rewrite_literal: host }),
    ...(regex !== undefined && {
      regex_rewrite: { pattern: { regex: regex.pattern }, substitution: regex.substitution },
    }),
    ...(prefix !== undefined && pathRewrite(match, prefix)),
  };
}

/** What was matched is replaced so that the segments stay whole, however the two ends spell their slashes. */
function pathRewrite(match: RouteMatch, rewrite: string): EnvoyRewrite {
  if (match.prefix === undefined) return { prefix_rewrite: rewrite };
  if (match.prefix.endsWith('/')) return { prefix_rewrite: rewrite.endsWith('/') ? rewrite : `${rewrite}/` };
  if (!rewrite.endsWith('/')) return { prefix_rewrite: rewrite };
  return {
    regex_rewrite: {
      pattern: { regex: `^${quoted(match.prefix)}/?` },
      substitution: rewrite.replaceAll('\\', '\\\\'),
    },
  };
}

function quoted(text: string): string {
  return text.replace(/[.+*?^${}()|[\]\\]/g, '\\$&');
}
