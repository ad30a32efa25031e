import type { DataSource } from 'typeorm';
import type { AmbientTransactions } from './ambient-transactions.js';
import { ClsTransactions } from './cls-transactions.js';
import { PatchedManagerTransactions } from './patched-manager-transactions.js';
import type { TransactionHosts } from './transaction-host.js';

/** The ambient libraries that the application has in use, in the order in which they are asked. */
export async function findAmbientTransactions(
  dataSource: DataSource,
  hosts: TransactionHosts,
): Promise<readonly AmbientTransactions[]> {
  return [new ClsTransactions(dataSource, hosts), await PatchedManagerTransactions.load(dataSource)];
}
