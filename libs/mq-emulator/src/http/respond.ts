import type { ServerResponse } from 'node:http';
import { KEEP_ALIVE_HINT } from './keep-alive.js';

/**
 * Writes an answer of the protocol. The content type is lower-case because the Node SDK takes any other for success
 * without looking at the body.
 *
 * @param date instead of the system's, when messages live by another clock
 * @param written called once the answer was given to the operating system
 */
export function respond(
  response: ServerResponse,
  requestId: string,
  { status, document }: { status: number; document?: string | Buffer },
  date: string | undefined,
  written?: () => void,
): void {
  const headers = ['x-mq-request-id', requestId, 'x-mq-version', '2015-06-06', ...connectionHeaders(response)];
  if (date !== undefined) headers.push('Date', date);
  if (document === undefined) {
    response.writeHead(status, headers).end(written);
    return;
  }
  const length = String(Buffer.byteLength(document));
  headers.push('Content-Type', 'text/xml;charset=utf-8', 'Content-Length', length);
  response.writeHead(status, headers).end(document, written);
}

/** Writes what a fault says, and nothing else. */
export function respondCanned(
  response: ServerResponse,
  { status, body = '', headers = {} }: { status: number; body?: string; headers?: Record<string, string> },
  written?: () => void,
): void {
  const length = { 'Content-Length': String(Buffer.byteLength(body)) };
  response.writeHead(status, status === 204 || status === 304 ? headers : { ...length, ...headers }).end(body, written);
}

/** Written by hand, because Node would announce the real idle limit. */
function connectionHeaders(response: ServerResponse): string[] {
  return response.shouldKeepAlive
    ? ['Connection', 'keep-alive', 'Keep-Alive', KEEP_ALIVE_HINT]
    : ['Connection', 'close'];
}
