import { aliyunHttp, type AliyunHttpOptions } from 'nestjs-reliable-mq/aliyun-http';
import { CannedServer, type Reply } from './canned-server.js';
import { outbound, subscription, type Outbound, type Subscription } from './messages.js';

type Transport = ReturnType<typeof aliyunHttp>;
type Delivery = Awaited<ReturnType<ReturnType<Transport['subscribe']>['receive']>>[number];

export const never: AbortSignal = new AbortController().signal;
export const SECRET = 'S3cretAccessKeyOfTheTest';

/** A canned server and a transport in front of it, for one test. */
export class Stage {
  private readonly transports: Transport[] = [];

  private constructor(readonly server: CannedServer) {}

  static async open(reply: Reply = ''): Promise<Stage> {
    return new Stage(await new CannedServer(reply).listen());
  }

  transport(options: Partial<AliyunHttpOptions> = {}): Transport {
    const keys = options.credentials ? {} : { accessKeyId: 'key-id', accessKeySecret: SECRET };
    const transport = aliyunHttp({ endpoint: this.server.endpoint, requestTimeout: '20s', ...keys, ...options });
    this.transports.push(transport);
    return transport;
  }

  /** `sent`, or the kind of the error. */
  async publish(message: Partial<Outbound> = {}, options: Partial<AliyunHttpOptions> = {}): Promise<string> {
    return outcome(this.transport(options).send(outbound(message), never), () => 'sent');
  }

  /** `empty`, how many messages came, or the kind of the error. */
  async poll(spec: Partial<Subscription> = {}, options: Partial<AliyunHttpOptions> = {}): Promise<string> {
    const source = this.transport(options).subscribe(subscription(spec));
    return outcome(source.receive({ max: 16, waitMs: 0, leaseMs: 0 }, never), (found) =>
      found.length === 0 ? 'empty' : `${found.length} messages`,
    );
  }

  async ack(...handles: string[]): Promise<readonly string[]> {
    const source = this.transport().subscribe(subscription());
    return source.ack(handles.map(delivery), never);
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.map((transport) => transport.close()));
    await this.server.close();
  }
}

/** A delivery of which only the handle counts. */
export function delivery(handle: string): Delivery {
  return { handle } as Delivery;
}

export async function outcome<T>(call: Promise<T>, success: (value: T) => string): Promise<string> {
  return call.then(success, (error: unknown) => (error as { kind?: string }).kind ?? String(error));
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<Error & { kind: string; [name: string]: unknown }> {
  return call.then(
    () => Promise.reject(new Error('the call must fail')),
    (error: unknown) => error as Error & { kind: string; [name: string]: unknown },
  );
}
