import { createHash } from 'node:crypto';

const NAMESPACE = 'xmlns="http://mq.aliyuncs.com/doc/v1"';
const XML = 'text/xml;charset=utf-8';

/** A whole HTTP answer, as bytes on the wire. */
export function http(status: number, body: string, headers: Record<string, string> = {}): string {
  const all = {
    'Content-Type': XML,
    'x-mq-request-id': '5F3A1C2B4D5E6F7081920A1B',
    Date: new Date().toUTCString(),
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Canned\r\n${lines.join('')}\r\n${body}`;
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex').toUpperCase();
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

export function receiptXml(body: string, fields: Record<string, string> = {}): string {
  const all = { MessageId: '0123456789ABCDEF0123456789ABCDEF', MessageBodyMD5: md5(body), ...fields };
  return `<?xml version="1.0"?><Message ${NAMESPACE}>${elements(all)}</Message>`;
}

export function errorXml(code: string, message = 'what went wrong'): string {
  const all = { Code: code, Message: message, RequestId: '5F3A1C2B4D5E6F7081920A1B', HostId: 'http://host' };
  return `<?xml version="1.0" ?>\n<Error ${NAMESPACE}>\n  ${elements(all)}\n</Error>\n`;
}

export function errorsXml(failed: readonly { handle: string; code?: string }[]): string {
  const list = failed.map(({ handle, code = 'ReceiptHandleError' }) =>
    elements({ ErrorCode: code, ErrorMessage: 'late', ReceiptHandle: handle }),
  );
  return `<Errors ${NAMESPACE}>${list.map((each) => `<Error>${each}</Error>`).join('')}</Errors>`;
}

/** One `<Message>` of a poll, with the fields of a real one. */
export function messageXml(fields: Record<string, string> = {}): string {
  const body = fields['MessageBody'] ?? '{"n":1}';
  const now = Date.now();
  const all = {
    MessageId: '0123456789ABCDEF0123456789ABCDEF',
    MessageBodyMD5: md5(body),
    MessageBody: escape(body),
    ReceiptHandle: 'handle-1',
    PublishTime: String(now - 1_000),
    FirstConsumeTime: String(now),
    NextConsumeTime: String(now + 300_000),
    ConsumedTimes: '1',
    ...(fields['MessageBody'] === undefined ? fields : { ...fields, MessageBody: escape(body) }),
  };
  return `<Message>${elements(all)}</Message>`;
}

export function messagesXml(...messages: string[]): string {
  return `<?xml version="1.0"?><Messages ${NAMESPACE}>${messages.join('')}</Messages>`;
}

function elements(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('');
}
