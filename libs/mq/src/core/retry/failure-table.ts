import type { MqErrorCode } from '../errors/codes.js';
import { TransportError, type TransportErrorKind } from '../transport/transport-error.js';

/**
 * What a failed send is about:
 *
 * - `message`: no broker will ever take it.
 * - `connection`, `topic`: says nothing about the message.
 * - `topic-or-connection`, `topic-or-message`: the topic's, until what becomes of others shows whose it is.
 * - `unknown`: it may have arrived, and nobody says why there is no answer.
 * - `overload`: it may have arrived, and the same server answered others meanwhile: too much is sent, or it is one broker's.
 * - `transport`: it failed in this process, and no broker was asked. Else as `topic-or-message`.
 * - `none`: this process gave up itself.
 */
type FailureAbout =
  | 'message'
  | 'unknown'
  | 'overload'
  | 'connection'
  | 'topic'
  | 'topic-or-connection'
  | 'topic-or-message'
  | 'transport'
  | 'none';

/** What a failed send means for its message, and for the circuit that it went through. */
export interface SendMeaning {
  readonly about: FailureAbout;
  readonly code: MqErrorCode;
  /** What it does to the attempts of its message: `park` ends them, `counts` uses one up, `free` costs nothing. */
  readonly attempt: 'park' | 'counts' | 'free';
  /** Which circuit opens at once. */
  readonly opens: 'nothing' | 'topic' | 'connection';
}

/** What a failed poll means. No message is to blame for it, so polling goes on after a pause that doubles from base to cap. */
interface PollMeaning {
  readonly code: MqErrorCode;
  readonly pause: { readonly baseMs: number; readonly capMs: number };
}

/** No further apart than the relay's probes: who waits for the broker to return should not wait for the next poll as well. */
const AWAY: PollMeaning = { code: 'MQ_BROKER_UNAVAILABLE', pause: { baseMs: 1_000, capMs: 3_000 } };
const THROTTLED: PollMeaning = { code: 'MQ_BROKER_THROTTLED', pause: { baseMs: 1_000, capMs: 30_000 } };
/** Waiting for a human: credentials, a topic that does not exist. Asking every second would only fill somebody's log. */
const HUMAN_MS = { baseMs: 10_000, capMs: 120_000 };
const DENIED: PollMeaning = { code: 'MQ_BROKER_AUTH', pause: HUMAN_MS };
const REFUSED: PollMeaning = { code: 'MQ_BROKER_REJECTED', pause: HUMAN_MS };

/**
 * What each kind of failure means, for a send and for a poll. The relay and the poll loops read it here, and decide about
 * no kind by themselves.
 *
 * A row says what one failure alone means. What the relay has seen before can change it, and `OutcomeJudge` tells how:
 *
 * - `unknown` opens the connection when five come in a row from two messages or more, and their attempts are given back.
 *   While the connection is open it costs nothing: the broker is tried then, and not the message.
 * - `unanswered` costs nothing and opens the topic when several messages are left like that.
 * - `denied` opens the connection when a second topic is denied and nothing has gone through in between.
 * - `refused` and `defect` park the message once a probe has shown that its topic takes others.
 * - Where one of several brokers fails and others take messages, nothing opens, and its messages cost nothing.
 */
export const FAILURES: Readonly<
  Record<TransportErrorKind, { readonly send: SendMeaning; readonly poll: PollMeaning }>
> = {
  invalid: {
    send: { about: 'message', code: 'MQ_BROKER_REJECTED', attempt: 'park', opens: 'nothing' },
    poll: REFUSED,
  },
  'too-large': {
    send: { about: 'message', code: 'MQ_PAYLOAD_TOO_LARGE', attempt: 'park', opens: 'nothing' },
    poll: AWAY,
  },
  refused: {
    send: { about: 'topic-or-message', code: 'MQ_BROKER_REJECTED', attempt: 'free', opens: 'topic' },
    poll: REFUSED,
  },
  unavailable: {
    send: { about: 'connection', code: 'MQ_BROKER_UNAVAILABLE', attempt: 'free', opens: 'connection' },
    poll: AWAY,
  },
  auth: {
    send: { about: 'connection', code: 'MQ_BROKER_AUTH', attempt: 'free', opens: 'connection' },
    poll: DENIED,
  },
  denied: {
    send: { about: 'topic-or-connection', code: 'MQ_BROKER_AUTH', attempt: 'free', opens: 'topic' },
    poll: DENIED,
  },
  forbidden: {
    send: { about: 'topic', code: 'MQ_BROKER_AUTH', attempt: 'free', opens: 'topic' },
    poll: DENIED,
  },
  'not-found': {
    send: { about: 'topic', code: 'MQ_BROKER_REJECTED', attempt: 'free', opens: 'topic' },
    poll: REFUSED,
  },
  throttled: {
    send: { about: 'topic', code: 'MQ_BROKER_THROTTLED', attempt: 'free', opens: 'topic' },
    poll: THROTTLED,
  },
  unknown: {
    send: { about: 'unknown', code: 'MQ_OUTCOME_UNKNOWN', attempt: 'counts', opens: 'nothing' },
    poll: AWAY,
  },
  unanswered: {
    send: { about: 'overload', code: 'MQ_OUTCOME_UNKNOWN', attempt: 'counts', opens: 'nothing' },
    poll: AWAY,
  },
  'lease-lost': {
    send: { about: 'unknown', code: 'MQ_OUTCOME_UNKNOWN', attempt: 'counts', opens: 'nothing' },
    poll: AWAY,
  },
  defect: {
    send: { about: 'transport', code: 'MQ_TRANSPORT_DEFECT', attempt: 'free', opens: 'topic' },
    poll: { code: 'MQ_TRANSPORT_DEFECT', pause: HUMAN_MS },
  },
  aborted: {
    send: { about: 'none', code: 'MQ_OUTCOME_UNKNOWN', attempt: 'free', opens: 'nothing' },
    poll: AWAY,
  },
};

/**
 * The row of what a transport threw. One that throws something else than it promised has a bug, and nobody knows what it
 * did: unknown. Its type says that there is a kind, which binds nobody who wrote a transport in JavaScript.
 */
export function meaningOf(error: unknown): { readonly send: SendMeaning; readonly poll: PollMeaning } {
  return (error instanceof TransportError ? FAILURES[error.kind] : undefined) ?? FAILURES.unknown;
}
