import { sendFailureOf } from '../../../../../libs/mq/src/core/relay/send-result.js';
import { FAILURES } from '../../../../../libs/mq/src/core/retry/failure-table.js';
import { TransportError, type TransportErrorKind } from '../../../../../libs/mq/src/core/transport/transport-error.js';
import { judgedCircuit } from './support/judged-circuit.js';

/** Sends one message that fails like this, through a circuit that is closed. */
function firstFailure(error: unknown): { verdict: string; opened: string } {
  const { circuit, judge } = judgedCircuit();
  const verdict = judge.failed('t', 'm', sendFailureOf(error));
  const opened = circuit.connectionOpen ? 'connection' : circuit.openTopics.length > 0 ? 'topic' : 'nothing';
  return { verdict, opened };
}

/** Written out and not read from the table, so that a row that is changed by mistake is noticed. */
const EXPECTED: Record<TransportErrorKind, readonly [verdict: string, opened: string]> = {
  invalid: ['park', 'nothing'],
  'too-large': ['park', 'nothing'],
  refused: ['free', 'topic'],
  unavailable: ['free', 'connection'],
  auth: ['free', 'connection'],
  denied: ['free', 'topic'],
  forbidden: ['free', 'topic'],
  'not-found': ['free', 'topic'],
  throttled: ['free', 'topic'],
  unknown: ['counts', 'nothing'],
  unanswered: ['counts', 'nothing'],
  'lease-lost': ['counts', 'nothing'],
  aborted: ['free', 'nothing'],
  defect: ['free', 'topic'],
};

describe('a first failure', () => {
  it.each(Object.entries(EXPECTED))('%s: %j', (kind, [verdict, opened]) => {
    expect(firstFailure(new TransportError(kind as TransportErrorKind, 'no'))).toEqual({ verdict, opened });
  });

  it.each([
    ['what is no error of a transport', new TypeError('a bug')],
    ['a kind that a transport in JavaScript made up', new TransportError('odd' as TransportErrorKind, 'no')],
  ])('%s is unknown', (_, error) => {
    expect(sendFailureOf(error)).toMatchObject(FAILURES.unknown.send);
    expect(firstFailure(error)).toEqual({ verdict: 'counts', opened: 'nothing' });
  });
});

describe('while the connection is open, a probe that fails', () => {
  /** Whether the connection is still open after a probe that failed like this, at once or as often as it takes to park its message. */
  function staysOpen(kind: TransportErrorKind): boolean[] {
    const { circuit, judge } = judgedCircuit();
    judge.failed('t', 'm', sendFailureOf(new TransportError('unavailable', 'no')));
    return [1, 2, 3].map(() => {
      judge.failed('other', 'probe', sendFailureOf(new TransportError(kind, 'no')));
      return circuit.connectionOpen;
    });
  }

  it('by a refusal closes it: the broker has answered', () => expect(staysOpen('refused')[0]).toBe(false));

  it('in this process leaves it open: no broker has answered', () =>
    expect(staysOpen('defect')).toEqual([true, true, true]));
});
