/** What a receipt handle stands for: one delivery, of the message at a place in its topic's log. */
export interface Receipt {
  messageId: string;
  /** Place in the log; -1 for a half message, which is not in it. */
  seq: number;
  /** Which delivery, counted from 1 per group; 0 is the handle that publishing a half message returns. */
  attempt: number;
}

/**
 * The documented shape, `<message id>-<base64 text>`. The handle says all that is needed to find its delivery, so no
 * table of handles has to be kept, and handles stay valid over a restart.
 */
export function formatReceipt({ messageId, seq, attempt }: Receipt): string {
  return `${messageId}-${Buffer.from(`${seq}:${attempt}`, 'latin1').toString('base64')}`;
}

/** The opposite of `formatReceipt`; `undefined` for what this server never handed out. */
export function parseReceipt(handle: string): Receipt | undefined {
  const dash = handle.indexOf('-');
  if (dash < 0) return undefined;
  const place = /^(-?\d{1,15}):(\d{1,9})$/.exec(Buffer.from(handle.slice(dash + 1), 'base64').toString('latin1'));
  if (!place) return undefined;
  const receipt = { messageId: handle.slice(0, dash), seq: Number(place[1]), attempt: Number(place[2]) };
  return formatReceipt(receipt) === handle ? receipt : undefined;
}
