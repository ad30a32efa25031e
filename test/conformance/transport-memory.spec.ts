import { memoryTransport, transportConformance, type MemoryTransport } from 'nestjs-reliable-mq/testing';

function unreachable(): MemoryTransport {
  const transport = memoryTransport();
  transport.broker.goDown();
  return transport;
}

transportConformance('memory, rich profile', async () => ({
  transport: memoryTransport({ profile: 'rich' }),
  leaseMs: 500,
  unreachable,
}));

transportConformance('memory, http profile', async () => ({
  transport: memoryTransport({ profile: 'http', leaseMs: 500 }),
  leaseMs: 500,
  unreachable,
}));
