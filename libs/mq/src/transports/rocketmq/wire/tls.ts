import type { ChannelCredentials } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Problems } from '../../../core/config/problems.js';
import { describeError } from '../../../core/errors/describe-error.js';
import type { Peers } from '../peers.js';

export interface RocketmqTls {
  /** Certificates to trust, in PEM. Default: those that Node trusts. */
  ca?: string | Buffer;
  /** Client certificate and its key, in PEM, where the broker asks for one. */
  cert?: string | Buffer;
  key?: string | Buffer;
  /** `false` accepts any certificate, also that of somebody in between. Default `true`. */
  rejectUnauthorized?: boolean;
}

/** `null` for a connection that is not encrypted. */
export function readTls(problems: Problems, value: unknown): RocketmqTls | null {
  if (value === undefined || value === false) return null;
  if (value === true) return {};
  const raw = problems.object('transport.tls', value, ['ca', 'cert', 'key', 'rejectUnauthorized']);
  for (const key of ['ca', 'cert', 'key']) {
    const pem = raw[key];
    if (pem !== undefined && typeof pem !== 'string' && !Buffer.isBuffer(pem))
      problems.add(`transport.tls.${key}`, 'must be PEM, as a text or a Buffer');
  }
  if ((raw['cert'] === undefined) !== (raw['key'] === undefined))
    problems.add('transport.tls', 'needs cert and key together, or neither');
  problems.flag('transport.tls.rejectUnauthorized', raw['rejectUnauthorized'], true);
  const unusable = problemOfCertificates(raw);
  if (unusable) problems.add('transport.tls', unusable);
  return raw;
}

/** Now, and not with the first connection, as an error without a path. */
function problemOfCertificates({ ca, cert, key }: RocketmqTls): string | null {
  // Already told otherwise.
  if ([ca, cert, key].some((pem) => pem !== undefined && typeof pem !== 'string' && !Buffer.isBuffer(pem))) return null;
  try {
    createSecureContext({ ca, cert, key });
    // Which takes no notice of certificates to trust that it cannot read.
    if (ca !== undefined) new X509Certificate(ca);
    return null;
  } catch (error) {
    return `cannot be used: ${describeError(error).message}`;
  }
}

/** What gRPC wants to know of it. */
export function channelCredentials({ grpc }: Peers, tls: RocketmqTls | null): ChannelCredentials {
  if (!tls) return grpc.credentials.createInsecure();
  const pem = (value: string | Buffer | undefined): Buffer | null => (value === undefined ? null : Buffer.from(value));
  const { ca, key, cert, rejectUnauthorized = true } = tls;
  return grpc.credentials.createSsl(pem(ca), pem(key), pem(cert), { rejectUnauthorized });
}
