import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/apps/shop/main.js', import.meta.url));
const READY = /^shop listening on (\S+)/;

/** One process of the shop, and its HTTP interface. */
export class Shop {
  #child;
  #url;

  static async start(children, role, env) {
    const shop = new Shop();
    const { child, match } = await children.start(`shop (${role})`, PROGRAM, {
      env: { ...env, MQ_ROLE: role, PORT: '0' },
      ready: READY,
    });
    shop.#child = child;
    shop.#url = match[1];
    return shop;
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

  async get(path) {
    return answer(await fetch(this.#url + path));
  }

  async place(order) {
    const headers = { 'content-type': 'application/json' };
    return answer(await fetch(`${this.#url}/orders`, { method: 'POST', headers, body: JSON.stringify(order) }));
  }
}

async function answer(response) {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
