import type { z } from 'zod';
import { apiKey, consumer } from '../../config/consumers.js';
import { policyViolations } from '../../config/envoy-checks.js';
import { formatPath } from '../../config/problem.js';
import { route } from '../../config/routing.js';
import { check } from '../../config/schema-problems.js';
import { servicePolicy } from '../../config/service-policy.js';
import { refusalOf } from '../../resources/route/refusal.js';
import { MOST_OF_DOCUMENT, namesProblem, serviceProblem } from '../document-bounds.js';
import type { ConsumerOutcome, PolicyOutcome, RouteOutcome } from '../document-table.js';
import { mapDocument, type ReadJson, readJson, readSecretJson } from '../json-document.js';

/** One route, as in the configuration file's `routes`. */
export function readRouteDocument(text: string): RouteOutcome {
  return mapDocument<RouteOutcome>(
    () => {
      const read = readChecked(route, readJson(text));
      if (read.rejected !== undefined) return read;
      const { hosts = [] } = read.value;
      const refusal =
        hosts.length > MOST_OF_DOCUMENT
          ? `hosts: expected at most ${MOST_OF_DOCUMENT} of them`
          : (namesProblem(read.value) ?? refusalOf(read.value));
      return refusal === undefined ? { rules: [read.value] } : { rejected: refusal };
    },
    (rejected) => ({ rejected }),
  );
}

/** What stands under a service's name in the configuration file's `services`. */
export function readPolicyDocument(service: string, text: string): PolicyOutcome {
  return mapDocument<PolicyOutcome>(
    () => readPolicy(service, text),
    (rejected) => ({ service, rejected }),
  );
}

/** What stands under a consumer's name in the configuration file's `consumers`. */
export function readConsumerDocument(name: string, text: string): ConsumerOutcome {
  return mapDocument<ConsumerOutcome>(
    () => {
      if (!apiKey.safeParse(name).success) return { rejected: 'no consumer can have this name' };
      const read = readChecked(consumer, readSecretJson(text));
      return read.rejected === undefined ? { consumer: { name, ...read.value } } : read;
    },
    (rejected) => ({ rejected }),
  );
}

function readPolicy(service: string, text: string): PolicyOutcome {
  const unusable = serviceProblem(service);
  if (unusable !== undefined) return { service, rejected: unusable };
  const read = readChecked(servicePolicy, readJson(text));
  if (read.rejected !== undefined) return { service, rejected: read.rejected };
  const refused = policyViolations(service, read.value).map(
    ({ path, message }) => `${formatPath(['envoy', ...path])}: ${message}`,
  );
  return refused.length > 0 ? { service, rejected: refused.join('; ') } : { service, policy: read.value };
}

/** Of one document; the others show when these are mended. */
const MOST_PROBLEMS = 20;

type Read<T> =
  | { readonly value: T; readonly rejected?: undefined }
  | { readonly rejected: string; readonly value?: undefined };

function readChecked<T>(schema: z.ZodType<T>, json: ReadJson): Read<T> {
  if (json.rejected !== undefined) return json;
  const checked = check(schema, json.value);
  if (checked.problems === undefined) return { value: checked.value };
  const shown = checked.problems
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`));
  const more = checked.problems.length - shown.length;
  return { rejected: [...shown, ...(more > 0 ? [`and ${more} more problems`] : [])].join('; ') };
}
