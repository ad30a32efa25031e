import { hash } from 'node:crypto';
import { describeError } from '../../../core/errors/describe-error.js';
import type { Clock } from '../../../core/runtime/clock.js';
import type { MessageBody } from '../../../core/message/body.js';
import type { SendReceipt } from '../../../core/transport/transport.js';
import { brokenAnswer, refusal } from '../refusal.js';
import type { HttpAnswer } from '../wire/http-exchange.js';
import { receiptFields, type ReceiptFields } from './receipt-fields.js';

/**
 * Sent is 201 with a message id and with the digest of the very body that we sent, and nothing else. The digest is the
 * proof: no proxy, cache or error page can make it up, so the content type (which some gateways rewrite) is not asked.
 *
 * @throws {TransportError}
 */
export function readReceipt(answer: HttpAnswer, body: MessageBody, clock: Clock): SendReceipt {
  if (answer.status !== 201) throw refusal(answer, clock);
  const { id, digest } = fieldsOf(answer);
  if (!id) throw brokenAnswer(answer, 'no MessageId');
  if (digest?.toUpperCase() !== md5(body))
    throw brokenAnswer(answer, 'the digest is not that of the body that was sent');
  return { brokerMessageId: id };
}

function fieldsOf(answer: HttpAnswer): ReceiptFields {
  try {
    return receiptFields(answer.body);
  } catch (error) {
    throw brokenAnswer(answer, describeError(error).message);
  }
}

/** MD5 as this protocol writes it. It finds accidents; it is no defence against anybody. */
export function md5(body: MessageBody): string {
  return hash('md5', body, 'hex').toUpperCase();
}
