/** The topic alias, and the topic at the broker. */
export const TOPIC = 'bench';
export const TAG = 'created';

/**
 * An order as JSON of 529 bytes: what a message of a shop is like.
 *
 * @param {string} id
 */
export function orderOf(id) {
  /** @type {{ sku: string, quantity: number, price: number }[]} */
  const lines = [];
  const order = { id, customer: 'c-4711', currency: 'EUR', lines, note: '' };
  for (let line = 0; line < 4; line++) lines.push({ sku: `sku-${1_000 + line}`, quantity: line + 1, price: 1_995 });
  order.note = 'x'.repeat(Math.max(0, 527 - JSON.stringify(order).length));
  return order;
}

export const BODY = JSON.stringify(orderOf('o-0000001'));

/**
 * Any number of workers takes turns until `count` calls are done.
 *
 * @param {number} workers
 * @param {number} count
 * @param {(n: number, worker: number) => unknown} call
 */
export async function spreadOver(workers, count, call) {
  let next = 0;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (next < count) await call(next++, worker);
    }),
  );
}
