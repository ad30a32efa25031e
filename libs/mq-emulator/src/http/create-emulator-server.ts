import { createServer, type Server } from 'node:http';
import { CONTROL_PREFIX, type Control } from './control.js';
import { IDLE_TIMEOUT_MS } from './keep-alive.js';
import type { MessageService } from './message-service.js';

/** The HTTP server, not listening yet. */
export function createEmulatorServer(service: MessageService, control: Control, log: (line: string) => void): Server {
  const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS, noDelay: true }, (request, response) => {
    const handler = request.url?.startsWith(CONTROL_PREFIX) ? control : service;
    handler.handle(request, response).catch((error: unknown) => {
      log(`${request.method} ${request.url} failed: ${String(error)}`);
      response.destroy();
    });
  });
  return server;
}
