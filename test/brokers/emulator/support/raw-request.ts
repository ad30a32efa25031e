import { createHmac } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface RawRequest {
  method?: string;
  body?: string | Buffer;
  /** Laid over what a properly signed request carries; `undefined` leaves a header out. */
  headers?: Record<string, string | undefined>;
  /** What the signature covers as content type, when it is not what is sent. */
  signedType?: string;
  secret?: string;
  agent?: Agent;
  signal?: AbortSignal;
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Of an `<Error>` document. */
  code?: string;
}

const oneShot = new Agent({ keepAlive: false });

/** One request of the protocol, put together by hand so that everything about it can be wrong. */
export function rawRequest(endpoint: string, target: string, options: RawRequest = {}): Promise<RawAnswer> {
  const { method = 'GET', body, secret = 'test', agent = oneShot, signal } = options;
  const base = {
    date: new Date().toUTCString(),
    'content-type': 'text/xml;charset=utf-8',
    'x-mq-version': '2015-06-06',
  };
  const headers = defined({ ...base, ...options.headers });
  const type = options.signedType ?? headers['content-type'] ?? '';
  const signed = `${method}\n${headers['content-md5'] ?? ''}\n${type}\n${headers.date ?? ''}\nx-mq-version:2015-06-06\n${target}`;
  const authorization = `MQ test:${createHmac('sha1', secret).update(signed).digest('base64')}`;
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        method,
        path: target,
        agent,
        signal,
        headers: defined({ authorization, ...headers, ...length(body), ...options.headers }),
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const code = /<Code>(.*?)<\/Code>/.exec(text)?.[1];
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, code });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The body of a publish request, without anything optional. */
export function messageXml(body: string, rest = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Message><MessageBody>${body}</MessageBody>${rest}</Message>`;
}

function length(body: string | Buffer | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

function defined(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
