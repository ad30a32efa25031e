import { rocketmq, type RocketmqOptions } from 'nestjs-reliable-mq/rocketmq';
import { ScriptedProxy } from '../rocketmq/scripted-proxy.js';
import type { BrokerOfTopic } from '../rocketmq/scripted-proxy-answers.js';
import { outbound, subscription, type Outbound, type Subscription } from './messages.js';
import { failure, never, outcome } from './stage.js';

export { failure, never, outbound, outcome, subscription };
export type { Outbound };
export type Transport = ReturnType<typeof rocketmq>;
export type Source = ReturnType<Transport['subscribe']>;
export type Delivery = Awaited<ReturnType<Source['receive']>>[number];

export const SECRET = 'S3cretOfTheInstance';
export const CREDENTIALS = { accessKey: 'instance-user', accessSecret: SECRET };
/** For tests of silence: short, and long enough for what is answered on a busy machine. */
export const SHORT = { connectTimeout: '1s', requestTimeout: '1s' } as const;

/** Scripted proxies and transports in front of them, for one test. */
export class Stage {
  private readonly transports: Transport[] = [];
  private readonly others: ScriptedProxy[] = [];

  private constructor(readonly proxy: ScriptedProxy) {}

  /** With the topic `orders` on four queues. */
  static async open(options: Parameters<typeof ScriptedProxy.start>[0] = {}): Promise<Stage> {
    const stage = new Stage(await ScriptedProxy.start(options));
    stage.proxy.topic('orders');
    return stage;
  }

  /** Another proxy, which knows no topic. */
  async another(options: Parameters<typeof ScriptedProxy.start>[0] = {}): Promise<ScriptedProxy> {
    const proxy = await ScriptedProxy.start(options);
    this.others.push(proxy);
    return proxy;
  }

  /** Two brokers with the topic `orders`, `broker-a` behind the first proxy; answers with the proxy of `broker-b`. */
  async secondBroker(settings: Partial<BrokerOfTopic> = {}): Promise<ScriptedProxy> {
    const second = await this.another();
    this.proxy.topic('orders', settings, [{ ...second.network.address, broker: 'broker-b', ...settings }]);
    return second;
  }

  /** Three of them, the first behind {@link proxy}. */
  async threeBrokers(): Promise<[ScriptedProxy, ScriptedProxy, ScriptedProxy]> {
    const [second, third] = [await this.another(), await this.another()];
    const others = [second, third].map(({ network }, i) => ({ ...network.address, broker: `broker-${'bc'[i]}` }));
    this.proxy.topic('orders', {}, others);
    return [this.proxy, second, third];
  }

  transport(options: Partial<RocketmqOptions> = {}): Transport {
    const transport = rocketmq({ endpoints: this.proxy.endpoint, connectTimeout: '5s', ...options });
    this.transports.push(transport);
    return transport;
  }

  source(spec: Partial<Subscription> = {}, options: Partial<RocketmqOptions> = {}): Source {
    return this.transport(options).subscribe(subscription(spec));
  }

  /** `sent`, or the kind of the error. */
  async publish(message: Partial<Outbound> = {}, options: Partial<RocketmqOptions> = {}): Promise<string> {
    return outcome(this.transport(options).send(outbound(message), never), () => 'sent');
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.map((transport) => transport.close()));
    await Promise.all([this.proxy, ...this.others].map((proxy) => proxy.stop()));
  }
}

/** Waits for what is there, for as long as a test may wait for what is not. */
export function poll(source: Source, request: Partial<Parameters<Source['receive']>[0]> = {}, signal = never) {
  return source.receive({ max: 16, waitMs: 200, leaseMs: 30_000, ...request }, signal);
}

/** Polls until something comes. What is still under way from an earlier poll may end a later one with nothing. */
export async function found(...args: Parameters<typeof poll>): Promise<Delivery[]> {
  for (;;) {
    const deliveries = await poll(...args);
    if (deliveries.length > 0) return deliveries;
  }
}

export function bodies(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ message }) => String(message.body)).toSorted();
}

/** What `call` took, in milliseconds, however it ended. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await call().catch(() => undefined);
  return performance.now() - startedAt;
}

/** A message as it lies in a topic of a scripted proxy. */
export function stored(body: string, system: object = {}, topic = 'orders') {
  return { topic: { name: topic }, body: Buffer.from(body), systemProperties: { keys: ['key-1'], ...system } };
}
