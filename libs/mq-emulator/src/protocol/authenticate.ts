import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ProtocolError } from './protocol-error.js';

export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
}

/** What of a request is signed. */
export interface SignedRequest {
  method: string;
  /** The request target exactly as it was sent: every SDK has its own order and escaping of parameters. */
  target: string;
  headers: IncomingHttpHeaders;
}

const MAX_SKEW_MS = 15 * 60_000;
const AUTHORIZATION = /^MQ ([^:\s]+):(\S+)$/;
const HTTP_DATE = /^\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Verifies date and signature of a request.
 *
 * @param now the wall clock, also when messages live by another one: the `Date` comes from the client's
 * @throws ProtocolError one of the codes for requests that are not, or not properly, signed
 */
export function authenticate(request: SignedRequest, { accessKeyId, accessKeySecret }: Credentials, now: number): void {
  const { headers } = request;
  const { authorization, date } = headers;
  if (!authorization) throw new ProtocolError('MissingAuthorizationHeader', 'The Authorization header is missing.');
  const parts = AUTHORIZATION.exec(authorization);
  if (!parts) {
    throw new ProtocolError(
      'InvalidAuthorizationHeader',
      'The Authorization header is not "MQ AccessKeyId:Signature".',
    );
  }
  if (!date) throw new ProtocolError('MissingDateHeader', 'The Date header is missing.');
  const time = HTTP_DATE.test(date) ? Date.parse(date) : NaN;
  if (Number.isNaN(time)) throw new ProtocolError('InvalidDateHeader', `The Date "${date}" is not RFC 1123 in GMT.`);
  if (Math.abs(now - time) > MAX_SKEW_MS) {
    throw new ProtocolError(
      'TimeExpired',
      `The Date "${date}" is more than 15 minutes from ${new Date(now).toUTCString()}.`,
    );
  }
  if (parts[1] !== accessKeyId) {
    throw new ProtocolError('InvalidAccessKeyId', `The access key id "${parts[1]}" is unknown; see --access-key-id.`);
  }
  const type = headers['content-type'];
  const matches =
    parts[2] === signatureOf(request, type ?? '', accessKeySecret) ||
    // The C# SDK signs `text/xml` on asynchronous GETs but does not send it.
    (type === undefined && parts[2] === signatureOf(request, 'text/xml', accessKeySecret));
  if (!matches) {
    const signed = JSON.stringify(stringToSign(request, type ?? ''));
    throw new ProtocolError(
      'SignatureDoesNotMatch',
      `The signature is not that of ${signed} with the secret of "${parts[1]}".`,
    );
  }
}

/** Base64 of the HMAC-SHA1 of the string to sign. */
export function signatureOf(request: SignedRequest, contentType: string, secret: string): string {
  return createHmac('sha1', secret).update(stringToSign(request, contentType)).digest('base64');
}

function stringToSign({ method, target, headers }: SignedRequest, contentType: string): string {
  const names: string[] = [];
  for (const name in headers) if (name.startsWith('x-mq-')) names.push(name);
  const canonical = names.sort().map((name) => `${name}:${String(headers[name])}\n`);
  const md5 = headers['content-md5'] ?? '';
  return `${method}\n${String(md5)}\n${contentType}\n${headers.date ?? ''}\n${canonical.join('')}${target}`;
}

/**
 * Compares a `Content-MD5` header with the body. Two forms are right: Base64 of the digest, as documented, and Base64 of
 * its hex text, as the Node and Go SDKs send it.
 */
export function verifyContentMd5(header: string | undefined, body: Buffer): void {
  if (!header) return;
  const digest = createHash('md5').update(body).digest();
  const accepted = [digest.toString('base64'), Buffer.from(digest.toString('hex'), 'latin1').toString('base64')];
  if (!accepted.includes(header)) {
    throw new ProtocolError('InvalidDigest', `The Content-MD5 "${header}" is not that of the body.`);
  }
}
