import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../support/free-port.mjs';
import { ended, kill, start } from '../support/run.mjs';

const PATIENCE_MS = 60_000;

/**
 * Starts the built application as its `start:prod` does, orders over HTTP, and waits until its consumer has reserved.
 *
 * @param {string} cwd
 * @param {import('../support/run.mjs').Environment} env
 */
export async function tryApplication(cwd, env) {
  const port = await freePort();
  const app = start(process.execPath, ['dist/main'], { cwd, env: { ...env, PORT: String(port), NO_COLOR: '1' } });
  const exit = ended(app);
  let output = '';
  app.stdout.on('data', (chunk) => (output += chunk));
  app.stderr.on('data', (chunk) => (output += chunk));
  try {
    await orderAndWait(app, `http://127.0.0.1:${port}/orders`);
  } catch (error) {
    throw new Error(`${error.message}\nThe application printed:\n${output}`, { cause: error });
  } finally {
    kill(app, 'SIGTERM');
    await exit;
  }
}

/**
 * @param {import('../support/run.mjs').Child} app
 * @param {string} orders
 */
async function orderAndWait(app, orders) {
  const deadline = performance.now() + PATIENCE_MS;
  // Nest says that it has started before it listens.
  const { id } = await answerOf(app, deadline, () =>
    request(orders, { method: 'POST', body: JSON.stringify({ sku: 'tea', quantity: 2 }) }),
  );
  for (;;) {
    const { status } = await request(`${orders}/${id}`);
    if (status === 'reserved') return;
    if (performance.now() > deadline) throw new Error(`order ${id} is still ${status}`);
    await delay(100);
  }
}

/**
 * Asks until somebody listens; an answer that is an error counts as an answer.
 *
 * @template Answer
 * @param {import('../support/run.mjs').Child} app
 * @param {number} deadline
 * @param {() => Promise<Answer>} ask
 * @returns {Promise<Answer>}
 */
async function answerOf(app, deadline, ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const refused = error.cause?.code === 'ECONNREFUSED';
      if (!refused) throw error;
      if (app.exitCode !== null) throw new Error('the application ended before it listened', { cause: error });
      if (performance.now() > deadline) throw new Error('the application does not listen', { cause: error });
    }
    await delay(100);
  }
}

/**
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<{ id: string, status: string }>}
 */
async function request(url, init = {}) {
  const response = await fetch(url, {
    ...init,
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
