export { TypeOrmTransactionContext } from './transaction/typeorm-transaction-context.js';
