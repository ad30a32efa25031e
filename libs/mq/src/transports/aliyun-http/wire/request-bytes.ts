import type { SignedRequest } from './request.js';

/** Of a header or a path: what could end it, and what HTTP leaves undefined. */
const UNFIT = /[^\u0020-\u007e]/;

/**
 * A request as text, to be written at once: one system call for head and body together.
 *
 * Whoever made the headers, how long the body is, is told from the body: a wrong length would make a second request of its rest.
 *
 * @throws {TypeError} for a header that would write another one
 */
export function requestText({ method, path, headers, body }: SignedRequest, host: string): string {
  let head = `${method} ${path} HTTP/1.1`;
  if (UNFIT.test(head) || path.includes(' ')) throw new TypeError('the path of the request has an unfit character');
  head += `\r\nhost: ${host}\r\nconnection: keep-alive`;
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'content-length') continue;
    const line = `${name}: ${headers[name]}`;
    if (UNFIT.test(line)) throw new TypeError(`the header ${name} of the request has an unfit character`);
    head += `\r\n${line}`;
  }
  if (method !== 'GET') head += `\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return `${head}\r\n\r\n${body}`;
}
