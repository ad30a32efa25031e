import { readdir, readlink } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** @typedef {Awaited<ReturnType<typeof readGauges>>} Gauges */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const MIB = 1024 * 1024;

/**
 * Everything that may grow, now. The heap is that after a collection: what is left is held by somebody.
 *
 * @param {import('typeorm').DataSource} dataSource
 */
export async function readGauges(dataSource) {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const [rows] = await dataSource.query(
    `SELECT (SELECT count(*) FROM mq_status_log) AS outbox, (SELECT count(*) FROM mq_inbox) AS inbox,
       (SELECT count(*) FROM mq_error_log) AS errors,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections`,
  );
  return {
    rss: rss / MIB,
    heap: heapUsed / MIB,
    external: external / MIB,
    sockets: await openSockets(),
    connections: Number(rows.connections),
    outbox: Number(rows.outbox),
    inbox: Number(rows.inbox),
    errors: Number(rows.errors),
  };
}

async function openSockets() {
  const open = await readdir('/proc/self/fd').catch(() => null);
  // Where there is no such folder, those at least that keep the process.
  if (!open) return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  const targets = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith('socket:')).length;
}
