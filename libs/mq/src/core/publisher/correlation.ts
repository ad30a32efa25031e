import { plainId } from '../message/message-id.js';
import type { NewMessage } from '../message/new-message.js';
import type { MessageProblems } from './message-problems.js';

/** The message whose handler is publishing. */
export interface Cause {
  readonly id: string;
  readonly correlationId: string;
}

const MAX_CORRELATION_ID = 128;

/**
 * The chain that a message joins: the one that it names, that of the message being handled, or that of the request. `null` where there is
 * none of these, so it begins one.
 */
export function correlationIdOf(
  problems: MessageProblems,
  { correlationId }: NewMessage,
  cause: Cause | null,
  ofRequest: (() => unknown) | null,
): string | null {
  if (correlationId !== undefined) return chosen(problems, correlationId);
  if (cause !== null) return cause.correlationId;
  return ofRequest === null ? null : asked(ofRequest);
}

/** It may come out of a header of a stranger's request, or find no request at all: whatever it is, an order does not fail for it. */
function asked(ofRequest: () => unknown): string | null {
  try {
    const id = ofRequest();
    return (typeof id === 'string' && id !== '') || typeof id === 'number' ? plainId(String(id)) : null;
  } catch {
    return null;
  }
}

/** What the code itself has chosen arrives as it is, or not at all. */
function chosen(problems: MessageProblems, id: unknown): string | null {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_CORRELATION_ID && plainId(id) === id) return id;
  problems.add(
    'correlationId',
    `must be a text of 1 to ${MAX_CORRELATION_ID} characters, without control characters and '|'`,
  );
  return null;
}
