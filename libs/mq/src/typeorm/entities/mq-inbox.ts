import { instant, text, wholeNumber } from './columns.js';

/** That a group has handled, or given up, a message. Inserted in the transaction of the handler. */
export class MqInbox {
  groupId: string;
  messageId: string;
  /** New for every attempt: tells a row of this attempt from one of another process. */
  token: string;
  /** `STARTED`: an attempt that was committed before its end. */
  state: 'STARTED' | 'HANDLED' | 'PARKED';
  createdAt: Date;
  /** Of the body, to tell a copy from another message with the same id. `null` where the body could not be read. */
  bodyDigest: number | null;
}

export const inboxColumns = {
  groupId: text('group_id', { length: 255, primary: true }),
  messageId: text('message_id', { length: 255, primary: true }),
  token: text('token', { length: 64 }),
  state: text('state', { length: 8 }),
  createdAt: instant('created_at'),
  bodyDigest: wholeNumber('body_digest'),
};
