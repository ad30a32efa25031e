import { TRACESTATE } from '../../../core/message/trace-context.js';

/** What this wire forbids in a property, and the percent sign, so that what is written can be read back. */
const FORBIDDEN = /[%:|&<>"']/g;
const ESCAPED = /%(25|3A|7C|26|3C|3E|22|27)/gi;

/** A property as this wire carries it: in `tracestate`, vendors use colons, which separate names from values here. */
export function toWireProperty([name, value]: [string, string]): [string, string] {
  if (name !== TRACESTATE) return [name, value];
  return [name, value.replace(FORBIDDEN, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)];
}

/** Leaves alone what {@link toWireProperty} does not write: other producers may send a percent sign as it is. */
export function fromWireProperty([name, value]: [string, string]): [string, string] {
  if (name !== TRACESTATE) return [name, value];
  return [name, value.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))];
}
