import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.mjs';
import { ended, kill, start } from '../support/run.mjs';
import { waitForOutput } from '../support/wait-for-output.mjs';

/** Starts the built application as its `start:prod` does, orders over HTTP, and waits until its consumer has reserved. */
export async function tryApplication(cwd, env) {
  const port = await freePort();
  const app = start(process.execPath, ['dist/main'], { cwd, env: { ...env, PORT: String(port), NO_COLOR: '1' } });
  const exit = ended(app);
  try {
    await waitForOutput(app, /Nest application successfully started/);
    const base = `http://127.0.0.1:${port}/orders`;
    const { id } = await request(base, { method: 'POST', body: JSON.stringify({ sku: 'tea', quantity: 2 }) });
    const deadline = performance.now() + 30_000;
    for (;;) {
      const order = await request(`${base}/${id}`);
      if (order.status === 'reserved') return;
      if (performance.now() > deadline) throw new Error(`order ${id} is still ${order.status} after 30 s`);
      await delay(100);
    }
  } finally {
    kill(app, 'SIGTERM');
    await exit;
  }
}

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
