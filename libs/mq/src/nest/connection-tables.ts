import type { TablePlace } from '../typeorm/table-names.js';

/** Which tables a connection uses, as a provider that is there before any connection is made. */
export class ConnectionTables {
  readonly prefix: string;

  constructor({ prefix }: TablePlace) {
    this.prefix = prefix;
  }
}
