import pino, { type Logger } from 'pino';
import { warnOf } from '../base/outside-code.js';

/**
 * A user's logger, which may write to anything: what it throws is lost, and the work that logs goes on. Without one nothing is
 * logged.
 */
export function guardedLogger(logger: Logger = pino({ level: 'silent' })): Logger {
  let warned = false;
  return new Proxy(logger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: readonly unknown[]) => {
        try {
          const returned: unknown = Reflect.apply(member, target, given);
          return name === 'child' ? guardedLogger(returned as Logger) : returned;
        } catch (thrown) {
          // Once: it may fail with each line.
          if (!warned) warnOf(thrown);
          warned = true;
          return name === 'child' ? guardedLogger(target) : undefined;
        }
      };
    },
  });
}
