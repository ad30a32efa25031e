import mysql from 'mysql2';
import pg from 'pg';

/**
 * For the option `driver` of a data source: its connections begin with these statements, as under a server that is set up
 * that way. The servers of the tests are shared, so nothing is set there.
 */
export function sessionDriver(...statements: string[]): object {
  class Pool extends pg.Pool {
    constructor(options: pg.PoolConfig) {
      super(options);
      this.on('connect', (client) => {
        for (const sql of statements) void client.query(sql);
      });
    }
  }
  const createPool = (options: mysql.PoolOptions): mysql.Pool => {
    const pool = mysql.createPool(options);
    pool.on('connection', (connection) => {
      for (const sql of statements) connection.query(sql);
    });
    return pool;
  };
  return { ...pg, Pool, createPool };
}
