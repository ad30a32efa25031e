import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Threads that spin without need, by the first 15 characters of their names, which is what Linux keeps:
 * `TransactionFlushService` waits for its time in a busy loop, for 10 s of every 20 (apache/rocketmq#10515, in 5.5.0 and
 * before). No setting helps. On two cores that is a quarter of the machine that the tests run on.
 */
const SPINNING = ['TransactionFlus'];

/**
 * Lets the spinning threads of a broker have what nobody else wants. Elsewhere than on Linux it does nothing.
 *
 * @returns {boolean} whether there were any yet
 * @param {number} pid
 */
export function calmBusyThreads(pid) {
  const threads = spinningThreads(pid);
  try {
    for (const thread of threads) setPriority(thread, constants.priority.PRIORITY_LOW);
  } catch {
    // It has just ended.
  }
  return threads.length > 0;
}

/** @param {number} pid */
function spinningThreads(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .filter((thread) => SPINNING.includes(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim()))
      .map(Number);
  } catch {
    return [];
  }
}
