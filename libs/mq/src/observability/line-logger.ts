import type { MqLogger } from '../core/config/options.js';
import { disown } from '../core/runtime/user-code.js';
import { MQ_LOG_EVENTS, type MqLogEvent, type MqLogLevel } from './log-events.js';
import { MqLogLine, type MqLogFields } from './log-line.js';

/** The logger of this library. It is never waited for, and never throws. */
export interface LineLogger {
  /** Writes one line at the level of its event. */
  write(event: MqLogEvent, text: string, fields?: Omit<MqLogFields, 'event'>): void;
}

/**
 * Makes the logger that every line of this library goes through: objects for those that print fields, see {@link MqLogLine}.
 *
 * A logger that throws when it gets one wants texts (it calls `line.trim()`, or writes it to a stream), so it gets the text of that line
 * at once, and of all others from then on. One that throws then, too, or rejects, loses that line and breaks nothing else.
 */
export function lineLogger(logger: MqLogger): LineLogger {
  let wantsText = false;
  const call = (level: MqLogLevel, line: MqLogLine | string): boolean => {
    try {
      disown(logger[level]?.(line));
      return true;
    } catch (error) {
      disown(error);
      return false;
    }
  };
  return {
    write(event, text, fields = {}) {
      const level = MQ_LOG_EVENTS[event];
      const line = new MqLogLine(text, { event, ...fields });
      if (!wantsText && call(level, line)) return;
      wantsText = call(level, line.msg) || wantsText;
    },
  };
}
