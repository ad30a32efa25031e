import type { Clock } from '../../core/runtime/clock.js';
import { oneLine } from '../../core/runtime/one-line.js';
import { TransportError, type TransportErrorKind } from '../../core/transport/transport-error.js';
import type { HttpAnswer } from './wire/http-exchange.js';
import { childText, parseXml } from './wire/parse-xml.js';

/**
 * What the broker's own codes mean. A code that is not here is retried (`unknown`) and not believed: calling it `invalid`
 * would park messages because of a word that somebody added last week.
 */
const KINDS: Readonly<Record<string, TransportErrorKind>> = {
  // Of a user without any rights as of one without those to this topic; and perhaps of an STS token that has ended.
  AccessDenied: 'denied',
  InvalidAccessKeyId: 'auth',
  SignatureDoesNotMatch: 'auth',
  TimeExpired: 'auth',
  MissingAuthorizationHeader: 'auth',
  InvalidAuthorizationHeader: 'auth',
  MissingDateHeader: 'auth',
  InvalidDateHeader: 'auth',
  HTTPForbidden: 'auth',
  TopicNotExist: 'not-found',
  SubscriptionNotExist: 'not-found',
  InvalidRequestURL: 'not-found',
  InvalidQueryString: 'not-found',
  QpsLimitExceeded: 'throttled',
  TooManyRequests: 'throttled',
  Throttling: 'throttled',
  // What of a message is out of range was refused before it was sent, so this is more often the topic: one of another type,
  // or with limits of its own. NotSupport: names that are too long together.
  InvalidArgument: 'refused',
  NotSupport: 'refused',
  MalformedXML: 'invalid',
  InvalidContent: 'invalid',
};

const ADVICE: Partial<Record<TransportErrorKind, string>> = {
  auth: 'check the access key, and that the endpoint is the HTTP one of this account',
  denied: 'grant the access key the right to this topic or group; if all are denied, check the key itself',
  refused:
    'check how the topic is set up at the broker: its type, its limits, the length of its name with group and instance',
  'not-found': 'create it at the broker, or correct topic, group and instanceId',
  throttled: 'the broker asks to slow down',
};

/** Codes after which other credentials may do better. */
const CREDENTIAL_CODES = new Set(['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch']);

/** Whether asking the credentials provider again could help. */
export function isCredentialRefusal(error: unknown): boolean {
  return error instanceof TransportError && CREDENTIAL_CODES.has(error.brokerCode ?? '');
}

export interface BrokerError {
  readonly code: string;
  readonly message: string;
}

/** The `<Error>` of an answer, or `null` when it is no word of the broker: HTML, JSON, nothing, broken XML. */
export function brokerError(answer: HttpAnswer): BrokerError | null {
  try {
    const root = parseXml(answer.body);
    const code = root.name === 'Error' ? childText(root, 'Code')?.trim() : undefined;
    return code ? { code, message: childText(root, 'Message')?.trim() ?? '' } : null;
  } catch {
    return null;
  }
}

/**
 * The error for an answer that is not a success.
 *
 * Only an `<Error>` with a code is the broker's word. Anything else that answers 4xx (a proxy's 403 page, a login page's
 * 404) does not know what a message is: believing its 403 as `auth` would stop the whole connection because a firewall
 * dislikes one body, so it is `unknown`, which is tried again and counted. 429 is the exception: it means one
 * thing, whoever says it. A 5xx is `unknown` even from the broker, which may have stored the message before it failed,
 * unless the code says that the request was turned away.
 */
export function refusal(answer: HttpAnswer, clock: Clock): TransportError {
  const said = brokerError(answer);
  const requestId = header(answer, 'x-mq-request-id');
  const retryAfterMs = retryAfter(answer, clock);
  const common = { ...(requestId && { requestId }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (!said) {
    const kind = answer.status === 429 ? 'throttled' : 'unknown';
    return new TransportError(kind, `${describeStranger(answer)}; this is no answer of the broker`, common);
  }
  const believed = KINDS[said.code] ?? (answer.status === 429 ? 'throttled' : 'unknown');
  const kind = answer.status >= 500 && believed !== 'throttled' ? 'unknown' : believed;
  const advice = said.code === 'TimeExpired' ? clockAdvice(answer, clock) : ADVICE[kind];
  const message = `the broker answered ${answer.status} ${said.code}: ${short(said.message)}${advice ? ` (${advice})` : ''}`;
  return new TransportError(kind, message, { ...common, brokerCode: said.code });
}

/** The error for an answer whose status says success and whose content does not. */
export function brokenAnswer(answer: HttpAnswer, why: string): TransportError {
  const requestId = header(answer, 'x-mq-request-id');
  return new TransportError('unknown', `${describeStranger(answer)}: ${why}`, requestId ? { requestId } : {});
}

export function header(answer: HttpAnswer, name: string): string | undefined {
  return answer.headers[name];
}

/** Never the body itself: a page of a proxy may echo the request with its `Authorization`. */
function describeStranger(answer: HttpAnswer): string {
  const server = header(answer, 'server');
  const facts = [
    short(header(answer, 'content-type') ?? 'no content type'),
    `${answer.body.length} bytes`,
    ...(server ? [`server ${short(server)}`] : []),
  ];
  return `HTTP status ${answer.status} (${facts.join(', ')})`;
}

function clockAdvice(answer: HttpAnswer, clock: Clock): string {
  const brokerTime = Date.parse(header(answer, 'date') ?? '');
  const skew = Number.isNaN(brokerTime) ? null : Math.round((clock.now() - brokerTime) / 1_000);
  const measured = skew === null ? '' : `: it is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} the broker's`;
  return `the clock of this machine is off${measured}; more than 15 minutes are refused, set it`;
}

function retryAfter(answer: HttpAnswer, clock: Clock): number | undefined {
  const value = header(answer, 'retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  // Nothing but a date of HTTP: the parser makes a year of many another text.
  if (!/^[A-Z][a-z]+, .+ GMT$/.test(value)) return undefined;
  const brokerTime = Date.parse(header(answer, 'date') ?? '');
  return Date.parse(value) - (Number.isNaN(brokerTime) ? clock.now() : brokerTime);
}

/** Of a text that a stranger sent. */
function short(text: string): string {
  return oneLine(text).slice(0, 200);
}
