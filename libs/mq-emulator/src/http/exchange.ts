import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../protocol/route.js';

/** One request and what is known of it. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** 24 upper-case hex digits. */
  requestId: string;
  route: Route;
  body: Buffer;
}

/** How an operation ended. Without a `document` the answer has no body. */
export interface Answer {
  status: number;
  document?: string | Buffer;
}
