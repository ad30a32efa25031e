import { parseXml } from '../xml/parse-xml.js';
import { ProtocolError } from './protocol-error.js';

const MAX_HANDLES = 16;

/** Reads the document of an ack, commit or rollback: 1 to 16 handles. */
export function readReceiptHandles(bytes: Buffer): string[] {
  if (bytes.length === 0) throw missing();
  const root = parseXml(bytes);
  if (root.name !== 'ReceiptHandles') {
    throw new ProtocolError('InvalidArgument', `The root element is <${root.name}>; it must be <ReceiptHandles>.`);
  }
  const handles = root.children.filter((child) => child.name === 'ReceiptHandle').map((child) => child.text);
  if (handles.length === 0) throw missing();
  if (handles.length > MAX_HANDLES) {
    throw new ProtocolError(
      'InvalidArgument',
      `There are ${handles.length} handles; at most ${MAX_HANDLES} are allowed.`,
    );
  }
  return handles;
}

function missing(): ProtocolError {
  return new ProtocolError('MissingReceiptHandle', 'There is no ReceiptHandle in the request.');
}
