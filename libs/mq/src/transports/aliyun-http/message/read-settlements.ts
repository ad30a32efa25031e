import type { Settlement } from '../../../core/transport/transport.js';
import { brokerError } from '../refusal.js';
import type { HttpAnswer } from '../wire/http-exchange.js';
import { childText, parseXml } from '../wire/parse-xml.js';

/** Too late, already acknowledged, or never heard of: in each case the broker has moved on. */
const LEASE_LOST = new Set(['ReceiptHandleError', 'MessageNotExist']);

/**
 * What became of each handle of an acknowledgement.
 *
 * 204: all done. `<Errors>`: those listed failed and the others are done, unless an entry names none of ours (the real
 * service has been seen to answer with an empty handle): then nobody can tell which one it means. Everything else
 * is `unknown`: the messages come again, and the inbox knows them.
 */
export function readSettlements(answer: HttpAnswer, handles: readonly string[]): Settlement[] {
  if (answer.status === 204) return handles.map(() => 'done');
  const single = brokerError(answer);
  if (single && LEASE_LOST.has(single.code) && handles.length === 1) return ['lease-lost'];
  const failed = answer.status >= 400 && answer.status < 500 ? failures(answer) : null;
  if (!failed) return handles.map(() => 'unknown');
  const certain = Array.from(failed.keys()).every((handle) => handles.includes(handle));
  return handles.map((handle) => failed.get(handle) ?? (certain ? 'done' : 'unknown'));
}

/** The failed handles of an `<Errors>`, `null` when the answer is none. */
function failures(answer: HttpAnswer): Map<string, Settlement> | null {
  try {
    const root = parseXml(answer.body);
    if (root.name !== 'Errors' || root.children.length === 0) return null;
    return new Map(
      root.children.map((element) => {
        const code = childText(element, 'ErrorCode')?.trim() ?? '';
        return [childText(element, 'ReceiptHandle')?.trim() ?? '', LEASE_LOST.has(code) ? 'lease-lost' : 'unknown'];
      }),
    );
  } catch {
    return null;
  }
}
