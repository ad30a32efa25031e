import { createHmac, hash } from 'node:crypto';
import type { Credentials } from './credentials.js';
import type { ShapedRequest, SignedRequest } from './request.js';

const VERSION = '2015-06-06';
const CONTENT_TYPE = 'text/xml;charset=utf-8';
/** The official SDK's, whose requests these are to the byte: brokers and what stands before them may know it. */
const USER_AGENT = 'mq-nodejs-sdk/1.0.4';

/**
 * Adds the headers, and among them the signature: HMAC-SHA1 over method, digest, type, date, version and path.
 *
 * The digest of a body is the base64 of its MD5 in hexadecimal letters, not of the 16 bytes as elsewhere in HTTP.
 *
 * @param date as HTTP writes it; the broker refuses one that is 15 minutes off
 */
export function signRequest(request: ShapedRequest, credentials: Credentials, date: string): SignedRequest {
  const { method, path, body } = request;
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  const headers: Record<string, string> = {
    date,
    'x-mq-version': VERSION,
    'content-type': CONTENT_TYPE,
    'user-agent': USER_AGENT,
  };
  let digest = '';
  if (method !== 'GET') {
    digest = Buffer.from(hash('md5', body, 'hex'), 'latin1').toString('base64');
    headers['content-length'] = String(Buffer.byteLength(body));
    headers['content-md5'] = digest;
  }
  const signed = `${method}\n${digest}\n${CONTENT_TYPE}\n${date}\nx-mq-version:${VERSION}\n${path}`;
  const signature = createHmac('sha1', accessKeySecret).update(signed).digest('base64');
  headers['authorization'] = `MQ ${accessKeyId}:${signature}`;
  if (securityToken) headers['security-token'] = securityToken;
  return { method, path, body, headers };
}
