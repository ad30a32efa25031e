import type { Delivered } from '../broker/message.js';
import { DECLARATION, element, NAMESPACE } from '../xml/xml-writer.js';
import type { ProtocolError } from './protocol-error.js';

/** The answer to a publish request. */
export function publishedDocument(messageId: string, md5: string, receiptHandle: string | undefined): string {
  const handle = receiptHandle === undefined ? '' : element('ReceiptHandle', receiptHandle);
  const children = element('MessageId', messageId) + element('MessageBodyMD5', md5) + handle;
  return `${DECLARATION}<Message xmlns="${NAMESPACE}">${children}</Message>`;
}

/** The answer to a consume request, of any kind. All elements but the last two have to be there for the Python SDK. */
export function messagesDocument(batch: readonly Delivered[]): string {
  const messages = batch.map(
    ({ message, receiptHandle, firstConsumeTime, nextConsumeTime, consumedTimes }) =>
      '<Message>' +
      element('MessageId', message.id) +
      element('MessageBodyMD5', message.md5) +
      element('MessageBody', message.body) +
      element('ReceiptHandle', receiptHandle) +
      element('PublishTime', message.publishTime) +
      element('FirstConsumeTime', firstConsumeTime) +
      element('NextConsumeTime', nextConsumeTime) +
      element('ConsumedTimes', consumedTimes) +
      (message.tag === undefined ? '' : element('MessageTag', message.tag)) +
      (message.properties === '' ? '' : element('Properties', message.properties)) +
      '</Message>',
  );
  return `${DECLARATION}<Messages xmlns="${NAMESPACE}">${messages.join('')}</Messages>`;
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
