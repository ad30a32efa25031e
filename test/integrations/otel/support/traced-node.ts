import { MqOpenTelemetryModule, type MqOpenTelemetryOptions } from 'nestjs-reliable-mq/otel';
import type { TestDatabase } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { consumer, type Handle } from '../../../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, pending } from '../../../support/node/node.js';

/** Boots an instance whose one handler does this work, and which is traced. */
export function bootTraced(
  db: TestDatabase,
  work: Handle = () => undefined,
  setup: NodeSetup = {},
  options?: MqOpenTelemetryOptions,
): Promise<Node> {
  return bootNode(db, {
    handlers: [consumer('orders', 'stock', work)],
    imports: [MqOpenTelemetryModule.forRoot(options)],
    ...setup,
  });
}

export async function acknowledged({ broker }: Node): Promise<void> {
  await eventually(() => pending(broker) === 0, { what: 'all acknowledged' });
}

/** As another producer sends it. */
export const FOREIGN_MESSAGE = {
  topic: 'shop_orders',
  instanceId: null,
  tag: null,
  key: 'k',
  body: '1',
  properties: {},
  deliverAt: null,
  orderingKey: null,
};

/** The span that another producer's message was made in. */
export const FOREIGN_SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
export const TRACEPARENT = `00-${FOREIGN_SPAN.traceId}-${FOREIGN_SPAN.spanId}-01`;
