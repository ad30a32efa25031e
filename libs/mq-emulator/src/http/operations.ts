import type { Broker } from '../broker/broker.js';
import type { Delivered } from '../broker/message.js';
import { parseReceipt } from '../broker/receipt-handle.js';
import type { Catalog } from '../config/catalog.js';
import type { StepMessage } from '../emulator-options.js';
import type { AcceptedEffect } from '../faults/fault.js';
import type { FaultList } from '../faults/fault-list.js';
import type { Journal } from '../journal/journal.js';
import { failedHandlesDocument, messagesDocument, publishedDocument } from '../protocol/documents.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { parseProperties } from '../protocol/properties.js';
import { readPublish } from '../protocol/read-publish.js';
import { readReceiptHandles } from '../protocol/read-receipt-handles.js';
import type { Clock } from '../runtime/clock.js';
import type { Answer, Exchange } from './exchange.js';

export interface OperationContext {
  broker: Broker;
  catalog: Catalog;
  faults: FaultList;
  journal: Journal;
  clock: Clock;
  nextMessageId: () => string;
  /** Aborts when long polls have to end: the client has gone, or the emulator stops. Made only for requests that wait. */
  pollSignal(exchange: Exchange): AbortSignal;
  /** Whether somebody wants to know about messages; collecting what to tell costs time. */
  observed: boolean;
}

/** An operation, found valid and ready to run. */
export interface Prepared {
  messages: StepMessage[];
  run(): Promise<Outcome>;
}

export interface Outcome extends Answer {
  messages: StepMessage[];
  effect?: AcceptedEffect;
}

// The C# SDK gives every call three seconds, its own poll of three seconds included.
const IMPATIENT = /^mq-csharp-sdk/;
const IMPATIENCE_MS = 200;
const NEVER = new AbortController().signal;

/** Validates the request and returns what to do. */
export function prepare(context: OperationContext, exchange: Exchange): Prepared {
  context.catalog.checkExists(exchange.route);
  switch (exchange.route.operation) {
    case 'publish':
      return preparePublish(context, exchange);
    case 'consume':
    case 'consumeHalf':
      return { messages: [], run: () => consume(context, exchange) };
    case 'ack':
    case 'commit':
    case 'rollback':
      return prepareSettling(context, exchange);
  }
}

function preparePublish(context: OperationContext, { route, body }: Exchange): Prepared {
  const { broker, clock, nextMessageId } = context;
  const draft = readPublish(body, clock.now());
  context.catalog.checkAccepts(route, draft);
  const { mqId, kind: _kind, bytes: _bytes, ...content } = draft;
  return {
    messages: [{ mqId, tag: draft.tag }],
    async run() {
      const effect = context.faults.onAccepted(route);
      const topic = broker.topic(route.instance, route.topic);
      const store = async () => {
        const id = nextMessageId();
        return { id, handle: await topic.publish({ id, ...content, publishTime: clock.now() }) };
      };
      const [{ id, handle }] = await Promise.all(effect === 'duplicate' ? [store(), store()] : [store()]);
      const document = publishedDocument(id, draft.md5, handle);
      return { status: 201, document, messages: [{ messageId: id, mqId, tag: draft.tag }], effect };
    },
  };
}

async function consume(context: OperationContext, exchange: Exchange): Promise<Outcome> {
  const { broker, faults, journal } = context;
  const { route, request } = exchange;
  const topic = broker.topic(route.instance, route.topic);
  const impatient = route.waitMs > 0 && IMPATIENT.test(request.headers['user-agent'] ?? '');
  const waitMs = impatient ? Math.max(0, route.waitMs - IMPATIENCE_MS) : route.waitMs;
  const signal = waitMs > 0 ? context.pollSignal(exchange) : NEVER;

  let effect: AcceptedEffect | undefined;
  let batch: Delivered[] | undefined;
  if (route.operation === 'consumeHalf') {
    batch = await topic.halves.polls.poll(route.max, waitMs, signal);
    if (batch) effect = faults.onAccepted(route);
  } else {
    const subscription = topic.subscribe(route.group);
    const taken = await subscription.polls.poll(route, waitMs, signal);
    batch = taken?.delivered;
    if (taken) effect = faults.onAccepted(route);
    if (taken && effect === 'duplicate') subscription.double(taken.deliveries);
  }
  await journal.written();
  if (!batch) throw new ProtocolError('MessageNotExist', 'Message not exist.');
  return {
    status: 200,
    document: messagesDocument(batch),
    messages: context.observed ? batch.map(toStep) : [],
    effect,
  };
}

function prepareSettling(context: OperationContext, { route, body }: Exchange): Prepared {
  const handles = readReceiptHandles(body);
  const messages = context.observed ? handles.map((handle) => ({ messageId: parseReceipt(handle)?.messageId })) : [];
  return {
    messages,
    async run() {
      const effect = context.faults.onAccepted(route);
      const failed = effect === 'drop-ack' ? [] : await settle(context, route, handles);
      if (failed.length > 0) return { status: 404, document: failedHandlesDocument(failed), messages, effect };
      return { status: 204, messages, effect };
    },
  };
}

/** Returns the handles that did not count. */
async function settle(
  { broker, journal }: OperationContext,
  { operation, instance, topic: name, group }: Exchange['route'],
  handles: readonly string[],
): Promise<string[]> {
  const topic = broker.find(instance, name);
  if (!topic) return [...handles];
  if (operation === 'commit' || operation === 'rollback') {
    const decided = await Promise.all(handles.map((handle) => topic.decide(handle, operation)));
    return handles.filter((_handle, index) => !decided[index]);
  }
  const subscription = topic.groups.get(group);
  const failed = handles.filter((handle) => !subscription?.ack(handle));
  await journal.written();
  return failed;
}

function toStep({ message }: Delivered): StepMessage {
  return { messageId: message.id, mqId: parseProperties(message.properties).values.get('mq-id'), tag: message.tag };
}
