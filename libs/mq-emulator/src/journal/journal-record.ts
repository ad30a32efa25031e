import type { Message } from '../broker/message.js';

interface OfTopic {
  instance: string;
  topic: string;
}

interface OfGroup extends OfTopic {
  group: string;
}

/** What a group knows about one message, in a snapshot. */
export interface OpenDelivery {
  seq: number;
  attempts: number;
  until: number;
  firstTime: number;
  acked?: boolean;
  /** Given when the topic's log does not hold the message any more. */
  message?: Message;
}

/**
 * One line of the journal. Places in a topic's log (`seq`) are not written: they follow from the order of `message`
 * and `enter` lines, counted from the `base` of the topic's snapshot, 0 without one.
 *
 * `topic` and `group` lines that carry more than names are snapshots; a journal begins with them after a compaction.
 */
export type JournalRecord =
  | { type: 'journal'; version: 1 }
  /** A snapshot: what follows are the messages still held. */
  | ({ type: 'topic'; base: number; stored: number } & OfTopic)
  /** A message became visible at once. */
  | ({ type: 'message'; message: Message } & OfTopic)
  /** A message waits for its time, or a half message for its decision. */
  | ({ type: 'waiting'; message: Message } & OfTopic)
  /** A message that waited became visible (its time came, it was committed). */
  | ({ type: 'enter'; id: string } & OfTopic)
  /** A half message was rolled back, or nobody decided it in time. */
  | ({ type: 'drop'; id: string } & OfTopic)
  /** A group begins to read here; with the rest filled in, a snapshot. */
  | ({
      type: 'group';
      cursor: number;
      acked?: number;
      dead?: number;
      ordered?: boolean;
      open?: OpenDelivery[];
    } & OfGroup)
  /** Delivered: `seqs`. Read, wanted and left waiting behind a blocked partition: `waiting`. */
  | ({
      type: 'deliver';
      cursor: number;
      ordered: boolean;
      now: number;
      until: number;
      seqs: number[];
      waiting?: number[];
    } & OfGroup)
  | ({ type: 'ack'; seqs: number[] } & OfGroup)
  /** Waited for redelivery, and its tag is not asked for any more. */
  | ({ type: 'skip'; seqs: number[] } & OfGroup)
  | ({ type: 'dead'; seqs: number[] } & OfGroup);
