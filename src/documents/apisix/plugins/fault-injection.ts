import type { HeaderEdit } from '../../../model/route.js';
import { textOf } from '../../../text-of.js';
import { isObject, type JsonObject } from '../../json-document.js';
import { ALWAYS, type Conditions } from '../conditions.js';
import type { Reasons } from '../reasons.js';
import { headerFormat, plainText } from '../variables.js';
import { readVars } from '../vars.js';
import type { PluginContext } from './table.js';

const AT = 'fault-injection: ';
const OF_ABORT = new Set(['http_status', 'body', 'headers', 'percentage', 'vars']);
const OF_DELAY = new Set(['duration', 'percentage', 'vars']);

export function readFaultInjection(options: JsonObject, context: PluginContext): void {
  const { reasons } = context;
  reasons.onlyKnown(options, new Set(['abort', 'delay']), AT);
  const { abort, delay } = options;
  if (isObject(delay)) readDelay(delay, context);
  if (isObject(abort)) readAbort(abort, context);
}

function readDelay(delay: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(delay, OF_DELAY, `${AT}delay: `);
  const { duration, vars } = delay;
  if (typeof duration !== 'number') reasons.add(`${AT}delay.duration is no number`);
  if (vars !== undefined)
    reasons.add(`${AT}delay.vars is not carried over: Envoy delays all requests of a route`);
  const time = Number(duration) * 1_000;
  if (time > 0) plan.addEverywhere({ fault: { delay: { time, percent: percentage(delay, reasons) } } });
}

function readAbort(abort: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(abort, OF_ABORT, `${AT}abort: `);
  const { http_status: status, body, headers, vars } = abort;
  if (typeof status !== 'number' || status < 200 || status > 599) {
    reasons.add(`${AT}abort.http_status ${textOf(status)} is not carried over: Envoy has 200 to 599`);
    return;
  }
  const percent = percentage(abort, reasons);
  if (percent === 0) return;
  if (percent < 100) {
    // A share of requests is for Envoy's filter, which has a body of its own.
    if (body !== undefined || headers !== undefined || vars !== undefined)
      reasons.add(`${AT}abort.percentage is not carried over beside "body", "headers" or "vars"`);
    reasons.differs(`${AT}Envoy answers "fault filter abort"`);
    plan.addForward({ fault: { ...plan.everywhere.fault, abort: { status, percent } } });
    return;
  }
  const text = body === undefined ? '' : plainText(body, `${AT}abort.body`, reasons);
  plan.answers.push({
    when: alternatives(vars, reasons),
    rule: {
      // It answers before anybody is asked who they are.
      auth: undefined,
      direct_response: { status, ...(text !== '' && { body: text }) },
      ...(isObject(headers) && { headers: { response: edits(headers, reasons) } }),
    },
  });
}

/** `vars` is a list of expressions, of which one is enough. */
function alternatives(vars: unknown, reasons: Reasons): readonly Conditions[] {
  if (vars === undefined) return [ALWAYS];
  const list: readonly unknown[] = Array.isArray(vars) ? vars : [vars];
  return list.flatMap((one) => readVars(one, `${AT}vars`, reasons));
}

function edits(headers: JsonObject, reasons: Reasons): HeaderEdit {
  const set = Object.entries(headers).map(([name, value]) => [
    name,
    headerFormat(value, 'response', `${AT}header "${name}"`, reasons),
  ]);
  return { set: Object.fromEntries(set) };
}

function percentage({ percentage: percent = 100 }: JsonObject, reasons: Reasons): number {
  if (typeof percent === 'number' && percent >= 0 && percent <= 100) return percent;
  reasons.add(`${AT}percentage ${textOf(percent)} is none`);
  return 0;
}
