import type { Server } from 'node:http';

// Requests under way end within milliseconds; what is left after this hangs because a fault says so.
const GRACE_MS = 1_000;

/** Takes no new connection, lets requests under way end, then cuts what is left. */
export async function stopServer(server: Server, stopping: AbortController): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  stopping.abort();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(timer);
}
