import type { OutboundMessage, SubscriptionSpec } from '../../../core/transport/transport.js';
import type { Call, ShapedRequest, Subscriber } from './request.js';
import { renderProperties, toCdata, wireProperties } from './wire-text.js';

const DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?>';
const NAMESPACE = 'xmlns="http://mq.aliyuncs.com/doc/v1/"';

/** Each call as the official SDK writes it, to the byte: parameters in its order, and only those that it sends. */
export function shapeRequest(call: Call): ShapedRequest {
  switch (call.kind) {
    case 'publish':
      return { method: 'POST', path: publishPath(call), body: messageXml(call.message) };
    case 'poll':
      return { method: 'GET', path: pollPath(call.spec, call.max, call.waitSeconds), body: '' };
    case 'acknowledge':
      return { method: 'DELETE', path: groupPath(call.spec), body: handlesXml(call.handles) };
  }
}

function publishPath({ message: { topic }, instanceId }: Extract<Call, { kind: 'publish' }>): string {
  return instanceId ? `/topics/${topic}/messages?ns=${instanceId}` : `/topics/${topic}/messages`;
}

function groupPath({ topic, groupId, instanceId }: Subscriber): string {
  return `/topics/${topic}/messages?consumer=${groupId}${instanceId ? `&ns=${instanceId}` : ''}`;
}

function pollPath(spec: SubscriptionSpec, max: number, waitSeconds: number): string {
  const tags = spec.tags?.join('||') ?? '';
  const tag = tags === '' ? '' : `&tag=${encodeURIComponent(tags)}`;
  const wait = waitSeconds === 0 ? '' : `&waitseconds=${waitSeconds}`;
  return `${groupPath(spec)}${tag}&numOfMessages=${max}${wait}${spec.ordered ? '&trans=order' : ''}`;
}

function messageXml(message: OutboundMessage): string {
  // A text, as validateMessage has made sure.
  const body = toCdata(message.body as string);
  const tag = message.tag ? `<MessageTag><![CDATA[${message.tag}]]></MessageTag>` : '';
  return (
    `${DOCUMENT}<Message ${NAMESPACE}><MessageBody><![CDATA[${body}]]></MessageBody>${tag}` +
    `<Properties><![CDATA[${propertyList(message)}]]></Properties></Message>`
  );
}

/**
 * The properties in the SDK's order, which is that of an object: names that are whole numbers come first, before `KEYS`. Nothing
 * reads meaning into it, but a digest and a signature are of bytes.
 */
function propertyList(message: OutboundMessage): string {
  const { key, orderingKey, deliverAt } = message;
  const all: Record<string, string> = { KEYS: key };
  if (orderingKey !== null) all['__SHARDINGKEY'] = orderingKey;
  if (deliverAt !== null) all['__STARTDELIVERTIME'] = String(deliverAt);
  for (const [name, value] of wireProperties(message)) all[name] = value;
  return renderProperties(Object.entries(all));
}

function handlesXml(handles: readonly string[]): string {
  const list = handles.map((handle) => `<ReceiptHandle><![CDATA[${handle}]]></ReceiptHandle>`).join('');
  return `${DOCUMENT}<ReceiptHandles ${NAMESPACE}>${list}</ReceiptHandles>`;
}
