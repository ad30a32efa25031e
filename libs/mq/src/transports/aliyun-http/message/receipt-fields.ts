import { childText, parseXml } from '../wire/parse-xml.js';

/** What a receipt says; not yet whether that is right. */
export interface ReceiptFields {
  readonly id: string | undefined;
  readonly digest: string | undefined;
}

/**
 * A receipt as the service writes it, letter by letter but for white space: nothing in it can be read in two ways. Each part is bounded by
 * a character that it cannot contain, so a text that does not match is found out in one pass.
 */
const USUAL =
  /^(?:<\?xml [a-zA-Z0-9 ="'.-]*\?>)?\s*<Message(?: xmlns="[\w:/.]*")?>\s*<MessageId>([\w-]+)<\/MessageId>\s*<MessageBodyMD5>([\dA-Fa-f]{32})<\/MessageBodyMD5>\s*<\/Message>\s*$/;
/** Above this it is no usual one, and not copied into a text to see. */
const USUAL_BYTES = 1_024;

/**
 * Reads a receipt: the usual one in one match, everything else with the parser.
 *
 * @throws for what is no receipt
 */
export function receiptFields(document: Buffer): ReceiptFields {
  const usual = document.length <= USUAL_BYTES ? USUAL.exec(document.toString('latin1')) : null;
  if (usual) return { id: usual[1], digest: usual[2] };
  const root = parseXml(document);
  if (root.name !== 'Message') throw new Error(`its root is <${root.name}>`);
  return { id: childText(root, 'MessageId')?.trim(), digest: childText(root, 'MessageBodyMD5')?.trim() };
}
