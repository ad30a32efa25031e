import type { JournalRecord } from './journal-record.js';

/** Where the broker writes what it must not forget. */
export interface Journal {
  /**
   * Writes a record, then runs `apply`, in the order of the calls. What `apply` does is therefore never seen by anyone
   * before it would survive a kill.
   *
   * @throws when the record could not be written; `apply` has not run then
   */
  commit(record: JournalRecord, apply: () => void): Promise<void>;
  /** Writes a record in time; `written` tells when. */
  note(record: JournalRecord): void;
  /** Resolves when all that was noted so far is written, rejects when it could not be. */
  written(): Promise<void>;
}

const done = Promise.resolve();

/** Without a data folder. */
export const memoryJournal: Journal = {
  commit(_record, apply) {
    apply();
    return done;
  },
  note() {},
  written: () => done,
};
