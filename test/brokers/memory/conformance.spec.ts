import { transportConformance } from 'nestjs-reliable-mq/spi';
import { memoryTransport, type MemoryTransport } from 'nestjs-reliable-mq/testing';

function unreachable(): MemoryTransport {
  const transport = memoryTransport();
  transport.broker.goDown();
  return transport;
}

let groups = 0;
transportConformance('memory, rich profile', async () => ({
  transport: memoryTransport({ profile: 'rich', maxDeliveries: 3 }),
  leaseMs: 2_000,
  givingUp: () => ({ groupId: `GID_giving_up_${++groups}`, maxDeliveries: 3 }),
  unreachable,
}));

transportConformance('memory, http profile', async () => ({
  transport: memoryTransport({ profile: 'http', leaseMs: 2_000 }),
  leaseMs: 2_000,
  unreachable,
}));
