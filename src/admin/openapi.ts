import { z } from 'zod';
import { error, readyz } from './openapi/answers.js';
import { API_PATHS, type ApiPath } from './openapi/paths.js';

const MEANINGS = {
  400: 'wrong question',
  401: 'without the token',
  403: 'from elsewhere',
  404: 'no such thing',
  429: 'too many requests',
  500: 'failed, see the log',
  503: 'not now',
} as const;

/** The description of the admin API, https://spec.openapis.org/oas/v3.1.0, made of the schemas that its tests check. */
export function openApi() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const path of API_PATHS) {
    const methods = paths[path.path] ?? {};
    methods[path.method] = operation(path);
    paths[path.path] = methods;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Signalbox admin API',
      version: '1',
      description: 'What is served, why, and to whom. See docs/admin.md.',
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function operation({ path, summary, answer, query = {}, errors = [], open }: ApiPath): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    ...{ name, in: 'query', description, required: name === 'q' },
    schema: { type: 'string' },
  }));
  const guarded = open === true ? [] : ([401] as const);
  const refused = [...guarded, 403 as const, 429 as const, ...errors, 500 as const].map((code) => [
    String(code),
    described(MEANINGS[code], error),
  ]);
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    responses: {
      '200': described(summary, answer),
      ...Object.fromEntries(refused),
      ...(path === '/readyz' && { '503': described('not ready', readyz) }),
    },
    security: open === true ? [] : [{ token: [] }, {}],
  };
}

function described(description: string, answer: z.ZodType | string): object {
  if (typeof answer === 'string') return { description, content: { [answer]: {} } };
  const { $schema: _, ...schema } = z.toJSONSchema(answer);
  return { description, content: { 'application/json': { schema } } };
}
