import { fileURLToPath } from 'node:url';

/** @typedef {Awaited<ReturnType<import('./children.mjs').Children['start']>>['child']} Child */

const PROGRAM = fileURLToPath(new URL('../../dist/apps/shop/main.js', import.meta.url));
const READY = /^shop listening on (\S+)/;

/** One process of the shop, and its HTTP interface. */
export class Shop {
  /** @type {Child} */
  #child;
  /** @type {string} */
  #url;

  /**
   * @param {Child} child
   * @param {string} url
   */
  constructor(child, url) {
    this.#child = child;
    this.#url = url;
  }

  /**
   * @param {import('./children.mjs').Children} children
   * @param {string} role
   * @param {Record<string, string>} env
   */
  static async start(children, role, env) {
    const { child, match } = await children.start(`shop (${role})`, PROGRAM, {
      env: { ...env, MQ_ROLE: role, PORT: '0' },
      ready: READY,
    });
    return new Shop(child, match[1]);
  }

  get url() {
    return this.#url;
  }

  get pid() {
    return this.#child.pid;
  }

  kill() {
    return this.#child.kill();
  }

  /** @param {string} path */
  async get(path) {
    return answer(await fetch(this.#url + path));
  }

  /** @param {{ sku: string, quantity: number }} order */
  async place(order) {
    const headers = { 'content-type': 'application/json' };
    const placed = await answer(
      await fetch(`${this.#url}/orders`, { method: 'POST', headers, body: JSON.stringify(order) }),
    );
    return /** @type {{ id: string, sku: string, quantity: number }} */ (placed);
  }
}

/** @param {Response} response */
async function answer(response) {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
