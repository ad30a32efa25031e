import type { ServiceError } from '@grpc/grpc-js';
import { TransportError, type TransportErrorKind } from '../../../core/transport/transport-error.js';
import { defect } from '../../../core/transport/defect.js';
import { short } from '../refusal.js';

/** Status codes of gRPC itself: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const GRPC = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

const KINDS: Partial<Record<number, TransportErrorKind>> = {
  // Said by what stands before a proxy, which may know topics or not.
  [GRPC.PERMISSION_DENIED]: 'denied',
  [GRPC.UNAUTHENTICATED]: 'auth',
  // Whoever answers does not know the call, so it has not carried it out: some other server listens there.
  [GRPC.UNIMPLEMENTED]: 'unavailable',
};

const ADVICE: Partial<Record<number, string>> = {
  [GRPC.UNIMPLEMENTED]: 'transport.endpoints must name the gRPC port of a RocketMQ 5 proxy',
};

/** What to do about a connection that was not made, by what gRPC, Node or OpenSSL says of it. */
const CONNECTION_ADVICE: readonly [RegExp, string][] = [
  [
    /self[- ]signed certificate|unable to (verify|get)|certificate (has expired|is not yet valid|signature)/i,
    'transport.tls.ca must hold the authority that signed the certificate of the server',
  ],
  [/does not match certificate/i, 'transport.endpoints must be a name or address that is in the certificate'],
  [
    /wrong version number|packet length too long/i,
    'what listens there does not speak TLS: leave out transport.tls, or correct the port',
  ],
  [
    /Protocol error/,
    'what listens there does not speak gRPC: transport.endpoints must name the gRPC port of a RocketMQ 5 proxy',
  ],
  // Somebody took the connection and hung up: a refused one is told as ECONNREFUSED.
  [
    /Failed to connect$/,
    'what listens there hangs up: it may want TLS (transport.tls), or be no gRPC port of a RocketMQ 5 proxy',
  ],
];

/**
 * An empty note; and what differs between two failures of one kind, which would make each repetition of one error look like
 * another: the time, and an address in the memory of OpenSSL.
 */
const GRPC_NOISE: readonly [RegExp, string][] = [
  [/\.? Resolution note: ?$/, ''],
  [/(?<=Failed to connect|Protocol error) \(\d{4}-[^)]*\)/, ''],
  [/[0-9A-F]+:error:[0-9A-F]+:([^:]+):[^:]*:([^:]+):.*$/, '$1: $2'],
];

/** What gRPC itself says when it could not encode a request, before it sent anything. */
const NOT_ENCODED = /^Request message serialization failure/;

/**
 * The error for a call that ended without an answer of the broker.
 *
 * @param sent whether a connection was there at any time of the call; without one, nothing can have left
 * @param othersWereAnswered by the same server, since the call began
 */
export function callFailure(
  what: string,
  error: ServiceError,
  sent: boolean,
  othersWereAnswered = false,
): TransportError {
  if (error.code === GRPC.INTERNAL && NOT_ENCODED.test(error.details)) return defect(what, error);
  const isLeftOut = sent && othersWereAnswered && error.code === GRPC.DEADLINE_EXCEEDED;
  const kind = isLeftOut ? 'unanswered' : (KINDS[error.code] ?? kindOf(error.code, sent));
  const hint = isLeftOut ? 'the server answered others meanwhile: it has too much to do' : ADVICE[error.code];
  const said = GRPC_NOISE.reduce(
    (text, [noise, rest]) => text.replace(noise, rest),
    short(error.details || error.message),
  );
  const help = hint ?? (sent ? undefined : CONNECTION_ADVICE.find(([about]) => about.test(said))?.[1]);
  const advice = help ? ` (${help})` : '';
  return new TransportError(kind, `${what}: ${said}${advice}`, { brokerCode: `gRPC ${error.code}`, cause: error });
}

function kindOf(code: number, sent: boolean): TransportErrorKind {
  if (sent) return 'unknown';
  return code === GRPC.RESOURCE_EXHAUSTED ? 'throttled' : 'unavailable';
}
