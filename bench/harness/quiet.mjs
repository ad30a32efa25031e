import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const WINDOW_MS = 80;
/** Busy by less than this, the machine is taken to be idle. */
const IDLE_SHARE = 0.15;
/** One sample waits this long at most; what is busy for longer will be busy during the sample, too. */
const PATIENCE_MS = 1_000;
const SPIN_STEPS = 2_000_000;

/**
 * Waits before a sample until nobody else uses the processors, and knows how quiet it was.
 *
 * The waits of a whole run have a budget: on a machine that is never idle each would take its full time and show the same.
 */
export class Quiet {
  /**
   * How busy the processors were right before each sample, from 0 to 1.
   *
   * @type {number[]}
   */
  #busy = [];
  /**
   * How long a fixed amount of work took right before each sample, ms.
   *
   * @type {number[]}
   */
  #spins = [];

  /** @param {number} budgetMs */
  constructor(budgetMs) {
    this.budgetMs = budgetMs;
  }

  async wait() {
    const patience = Math.min(PATIENCE_MS, this.budgetMs);
    const startedAt = performance.now();
    let busy = await busyShare();
    while (busy > IDLE_SHARE && performance.now() - startedAt < patience) busy = await busyShare();
    this.budgetMs -= performance.now() - startedAt;
    this.#busy.push(busy);
    this.#spins.push(spin());
  }

  /** What somebody must know who reads the figures. */
  get summary() {
    const fastest = Math.min(...this.#spins);
    return {
      samples: this.#spins.length,
      busyBefore: mean(this.#busy),
      slowedDown: this.#spins.filter((ms) => ms > 1.3 * fastest).length,
    };
  }
}

async function busyShare() {
  const before = await ticks();
  await delay(WINDOW_MS);
  const after = await ticks();
  const total = after.total - before.total;
  return total > 0 ? 1 - (after.idle - before.idle) / total : 0;
}

/** Where there is no `/proc`, every moment counts as idle. */
async function ticks() {
  const text = await readFile('/proc/stat', 'utf8').catch(() => 'cpu 0 0 0 0 0');
  const fields = text.split('\n', 1)[0].trim().split(/\s+/).slice(1, 9).map(Number);
  return { total: fields.reduce((sum, field) => sum + field, 0), idle: fields[3] + fields[4] };
}

function spin() {
  const startedAt = performance.now();
  let state = 1;
  for (let step = 0; step < SPIN_STEPS; step++) state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  return performance.now() - startedAt + (state < 0 ? 1 : 0);
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
