/** Property that carries our message id. */
export const MQ_ID = 'mq-id';
/** Property of a replay: the id of its row, which the group that a topic settles on finishes. Else a row has the message's id. */
export const MQ_ROW = 'mq-row';
/** Property that carries all headers of the user: one JSON object, base64url, because wires forbid `:` and `|`. */
export const MQ_HEADERS = 'mq-headers';
/** Property of a replayed delivery: the one group id that is to run it; other groups of this module acknowledge it. */
export const MQ_GROUP = 'mq-group';

/** Property of a message that belongs to a chain which it has not begun: the chain's id, as it is, for consumers in other languages. */
export const MQ_CORRELATION = 'mq-correlation';
/** Property of a message that a handler has published: the id of the message which that handler was given. */
export const MQ_CAUSATION = 'mq-causation';

export function encodeHeaders(json: string): string {
  return Buffer.from(json, 'utf8').toString('base64url');
}

/** Headers of a message of any origin: what is no JSON object of texts counts as none. */
export function decodeHeaders(value: string | undefined): Record<string, string> {
  if (value === undefined) return {};
  try {
    const parsed = JSON.parse(Buffer.from(value, 'base64url').toString('utf8')) as unknown;
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}
