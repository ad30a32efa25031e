import type { DataSource } from 'typeorm';
import type { AmbientTransactions } from './ambient-transactions.js';
import { ClsTransactions } from './cls-transactions.js';
import { PatchedManagerTransactions } from './patched-manager-transactions.js';

/** The ambient libraries that the application has installed, in the order in which they are asked. */
export async function findAmbientTransactions(dataSource: DataSource): Promise<readonly AmbientTransactions[]> {
  return [await ClsTransactions.load(dataSource), await PatchedManagerTransactions.load(dataSource)];
}
