import type { HttpAnswer } from '../http/http-client.js';

export interface EurekaApplication {
  readonly name: string;
  /** Not checked, so that a malformed one costs itself alone. */
  readonly instances: readonly unknown[];
}

/** What `/apps` and `/apps/delta` say. */
export interface EurekaAnswer {
  readonly applications: readonly EurekaApplication[];
  /** `apps__hashcode`: how many instances the server has in each status. */
  readonly hash: string | undefined;
  /** As it came: an answer that the server computes anew has another number in it (`versions__delta`). */
  readonly text: string;
}

/** @throws SignalboxError where the answer is none of Eureka's */
export function readEurekaAnswer(answer: HttpAnswer): EurekaAnswer {
  const body = answer.json();
  const applications = isRecord(body) ? body.applications : undefined;
  if (!isRecord(applications)) throw answer.errors.badAnswer('there are no "applications" in it');
  const hash = applications.apps__hashcode;
  return {
    text: answer.body,
    hash: typeof hash === 'string' ? hash : undefined,
    applications: listOf(applications.application).map((application) => {
      const name = isRecord(application) ? application.name : undefined;
      if (!isRecord(application) || typeof name !== 'string' || name === '')
        throw answer.errors.badAnswer('an application has no name');
      return { name, instances: listOf(application.instance) };
    }),
  };
}

/** JSON made of XML has a single element as itself, and none as nothing at all. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
