import type { TableLocation } from '../typeorm/sql/table-names.js';

/** Which tables a connection uses, as a provider that is there before any connection is made. */
export class ConnectionTables {
  readonly prefix: string;

  constructor({ prefix }: TableLocation) {
    this.prefix = prefix;
  }
}
