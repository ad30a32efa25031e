import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../protocol/protocol-error.js';

// A body of 4 MB that is nothing but "&" takes five times as much in XML; the rest is for the other elements.
const MAX_REQUEST_BYTES = 24 * 1024 * 1024;

/**
 * The whole body of a request.
 *
 * @throws ProtocolError `InvalidArgument` when it is longer than any valid one; the rest of it is not read then
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= MAX_REQUEST_BYTES) return;
      request.pause();
      reject(new ProtocolError('InvalidArgument', `The request is longer than ${MAX_REQUEST_BYTES} bytes.`));
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
  });
}
