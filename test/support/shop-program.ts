import { BUILT } from './built.js';
import type { TestDatabase } from './database.js';
import { eventuallyPasses } from './eventually.js';
import { fetchOnce } from './fetch-once.js';
import { Program, type ProgramExit } from './program.js';

export interface Answer<T = unknown> {
  readonly status: number;
  readonly body: T;
}
export interface OrderView {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly status: 'placed' | 'reserved' | 'paid' | 'cancelled';
}
export interface StockView {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
}

/** One process of the sample shop, and its HTTP interface. */
export class ShopProgram {
  static async start(db: TestDatabase, env: Readonly<Record<string, string>>): Promise<ShopProgram> {
    const { program, match } = await Program.start(BUILT.shop, {
      env: { DATABASE_URL: db.url, PORT: '0', ...env },
      ready: /^shop listening on (http:\/\/127\.0\.0\.1:\d+) \(role (.+)\)$/,
    });
    return new ShopProgram(program, match[1]!);
  }

  private constructor(
    readonly program: Program,
    readonly url: string,
  ) {}

  stop(): Promise<ProgramExit> {
    return this.program.stop();
  }

  async get<T>(path: string): Promise<Answer<T>> {
    return answer(await fetchOnce(this.url + path));
  }

  async post<T>(path: string, body?: unknown): Promise<Answer<T>> {
    const json = typeof body === 'string' ? body : JSON.stringify(body);
    return answer(
      await fetchOnce(this.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: json }),
    );
  }

  /** Places an order that is expected to be taken. */
  async place(sku: string, quantity = 1): Promise<OrderView> {
    const { status, body } = await this.post<OrderView>('/orders', { sku, quantity });
    expect({ status, body }).toEqual({
      status: 201,
      body: { id: expect.any(String), sku, quantity, status: 'placed' },
    });
    return body;
  }

  pay(id: string): Promise<Answer<OrderView>> {
    return this.post(`/orders/${id}/pay`);
  }

  async order(id: string): Promise<OrderView> {
    return (await this.get<OrderView>(`/orders/${id}`)).body;
  }

  async stock(sku: string): Promise<StockView> {
    return (await this.get<StockView>(`/stock/${encodeURIComponent(sku)}`)).body;
  }

  async notifications(orderId: string): Promise<unknown[]> {
    return (await this.get<unknown[]>(`/notifications/${orderId}`)).body;
  }

  /** Waits until an order has come to this status. */
  async untilOrder(id: string, status: OrderView['status'], timeoutMs?: number): Promise<void> {
    await eventuallyPasses(async () => expect(await this.order(id)).toMatchObject({ status }), {
      what: `order ${id} being ${status}`,
      timeoutMs,
    });
  }

  /** Waits until an order's customer was told. */
  async untilNotified(id: string): Promise<void> {
    await eventuallyPasses(async () => expect(await this.notifications(id)).toHaveLength(1), {
      what: `a notification of ${id}`,
    });
  }
}

async function answer<T>(response: Response): Promise<Answer<T>> {
  return { status: response.status, body: (await response.json()) as T };
}
