import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EmulatorError } from '../emulator-error.js';
import { type DataLock, lockData } from './data-lock.js';
import { JournalFile } from './journal-file.js';
import { Restore } from './restore.js';

/** A data folder that is ours, its journal read and ready to be written. */
export interface OpenData {
  file: JournalFile;
  restore: Restore;
  lock: DataLock;
}

/**
 * Takes a data folder, made if it does not exist.
 *
 * @throws EmulatorError `DATA_UNUSABLE`, `DATA_IN_USE` or `DATA_DAMAGED`
 */
export async function openData(folder: string, log: (line: string) => void): Promise<OpenData> {
  let lock: DataLock | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    lock = await lockData(folder);
    const restore = new Restore();
    const file = JournalFile.open(join(folder, 'journal.jsonl'), (record) => restore.apply(record), log);
    return { file, restore, lock };
  } catch (error) {
    await lock?.release();
    if (error instanceof EmulatorError) throw error;
    const why = (error as Error).message;
    throw new EmulatorError('DATA_UNUSABLE', `The data folder ${folder} cannot be used: ${why}.`, { cause: error });
  }
}
