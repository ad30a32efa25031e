import type { Delivered } from '../broker/message.js';
import { DECLARATION, element, bytesElement, NAMESPACE } from '../xml/xml-writer.js';
import type { ProtocolError } from './protocol-error.js';

/** The answer to a publish request. */
export function publishedDocument(messageId: string, md5: string, receiptHandle: string | undefined): string {
  const handle = receiptHandle === undefined ? '' : element('ReceiptHandle', receiptHandle);
  const children = element('MessageId', messageId) + element('MessageBodyMD5', md5) + handle;
  return `${DECLARATION}<Message xmlns="${NAMESPACE}">${children}</Message>`;
}

/**
 * The answer to a consume request, of any kind. All elements but the last two have to be there for the Python SDK. A body
 * that is no text makes the whole document none, as on a service that passes on what other protocols brought.
 */
export function messagesDocument(batch: readonly Delivered[]): string | Buffer {
  const document = `${DECLARATION}<Messages xmlns="${NAMESPACE}">${batch.map(messageElement).join('')}</Messages>`;
  return batch.some(({ message }) => message.encoding) ? Buffer.concat(filled(document, batch)) : document;
}

/** The bodies that are no text in the places that {@link messageElement} has left for them. */
function filled(document: string, batch: readonly Delivered[]): Buffer[] {
  const [first = '', ...rest] = document.split(PLACE);
  const raw = batch.flatMap(({ message }) => (message.encoding ? [Buffer.from(message.body, message.encoding)] : []));
  return [
    Buffer.from(first),
    ...rest.flatMap((text, index) => [bytesElement('MessageBody', raw[index]), Buffer.from(text)]),
  ];
}

// No text that a client sent can hold it.
const PLACE = '<MessageBody>\0</MessageBody>';

function messageElement({
  message,
  receiptHandle,
  firstConsumeTime,
  nextConsumeTime,
  consumedTimes,
}: Delivered): string {
  return (
    '<Message>' +
    element('MessageId', message.id) +
    element('MessageBodyMD5', message.md5) +
    (message.encoding ? PLACE : element('MessageBody', message.body)) +
    element('ReceiptHandle', receiptHandle) +
    element('PublishTime', message.publishTime) +
    element('FirstConsumeTime', firstConsumeTime) +
    element('NextConsumeTime', nextConsumeTime) +
    element('ConsumedTimes', consumedTimes) +
    (message.tag === undefined ? '' : element('MessageTag', message.tag)) +
    (message.properties === '' ? '' : element('Properties', message.properties)) +
    '</Message>'
  );
}

/** The answer to an ack of which some handles, those listed, did not count. */
export function failedHandlesDocument(handles: readonly string[]): string {
  const errors = handles.map(
    (handle) =>
      '<Error>' +
      element('ErrorCode', 'ReceiptHandleError') +
      element('ErrorMessage', 'The receipt handle is unknown, was used, or its time is over.') +
      element('ReceiptHandle', handle) +
      '</Error>',
  );
  return `${DECLARATION}<Errors xmlns="${NAMESPACE}">${errors.join('')}</Errors>`;
}

// Messages quote what the client sent, which may hold what XML cannot.
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001F\uFFFE\uFFFF\uD800-\uDFFF]/g;

/** All four children have to be there: Python refuses an error without HostId, Node one without Message. */
export function errorDocument(
  { code, message }: Pick<ProtocolError, 'code' | 'message'>,
  requestId: string,
  hostId: string,
): string {
  return (
    `${DECLARATION}<Error xmlns="${NAMESPACE}">` +
    element('Code', code) +
    element('Message', message.replace(UNPRINTABLE, '?')) +
    element('RequestId', requestId) +
    element('HostId', hostId) +
    '</Error>'
  );
}
