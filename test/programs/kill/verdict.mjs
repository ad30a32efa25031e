import { FOREIGN } from './foreign-producer.mjs';

/** @typedef {Awaited<ReturnType<typeof check>>} Verdict */

/**
 * Compares what the database committed with what the broker stored and what the handlers did.
 *
 * @param {import('typeorm').DataSource} database
 * @param {import('./observed-broker.mjs').Account} account
 * @param {ReadonlyMap<string, number>} unknown how often each message may come once more
 * @param {{ kills: number, brokerKills: number, processErrors: string[] }} course kills of processes, and of the broker
 * @param {ReadonlyMap<string, string>} foreign keys of messages of another producer, and what must become of each
 */
export async function check(database, account, unknown, course, foreign) {
  const { stored: all, forgotten } = account;
  // What has no id of ours came from the other producer.
  const stored = all.flatMap(({ id }) => (id !== undefined && !id.startsWith(FOREIGN) ? [id] : []));
  const committed = new Set(await column(database, 'SELECT message_id FROM kill_ledger'));
  const rolledBack = new Set(await column(database, 'SELECT message_id FROM kill_ghost'));
  /** @type {{ message_id: string, n: unknown }[]} */
  const effects = await database.query(
    'SELECT message_id, COUNT(*) AS n FROM kill_effect GROUP BY group_name, message_id',
  );
  const [{ unfinished }] = await database.query(
    'SELECT COUNT(*) AS unfinished FROM mq_status_log WHERE due_at IS NOT NULL',
  );
  const [{ dead }] = await database.query(`SELECT COUNT(*) AS dead FROM mq_status_log WHERE status = 'DEAD'`);
  const parkedKeys = await column(database, 'SELECT msg_key FROM mq_error_log WHERE parked');
  const ordered = await database.query(
    'SELECT id, ordering_key, seq FROM mq_status_log WHERE ordering_key IS NOT NULL ORDER BY seq',
  );

  /** @type {Map<string, { first: number, count: number }>} */
  const copies = new Map();
  stored.forEach((id, place) => {
    const known = copies.get(id);
    if (known) known.count++;
    else copies.set(id, { first: place, count: 1 });
  });
  const withEffect = new Set(effects.map((row) => row.message_id));
  const unjudged = withoutVerdict(foreign, withEffect, parkedKeys);
  const unexplained = [...copies].reduce(
    (sum, [id, { count }]) => sum + Math.max(0, count - 1 - (unknown.get(id) ?? 0)),
    0,
  );
  return {
    ...course,
    committed: committed.size,
    rolledBack: rolledBack.size,
    lost: [...committed].filter((id) => !copies.has(id) || !withEffect.has(id)).length,
    ghosts: [...new Set([...copies.keys(), ...withEffect])].filter(
      (id) => !committed.has(id) && !id.startsWith(FOREIGN),
    ).length,
    foreign: foreign.size,
    unjudged,
    effectsNotOnce: effects.filter((row) => Number(row.n) !== 1).length,
    disorder: outOfOrder(ordered, copies),
    duplicates: stored.length - copies.size,
    unexplained,
    unknown: [...unknown.values()].reduce((sum, times) => sum + times, 0),
    forgotten: forgotten.length,
    unfinished: Number(unfinished),
    dead: Number(dead) + parkedKeys.filter((key) => !key?.startsWith(FOREIGN)).length,
  };
}

/**
 * The values of the only column that a statement has.
 *
 * @param {import('typeorm').DataSource} database
 * @param {string} sql
 * @returns {Promise<string[]>}
 */
async function column(database, sql) {
  /** @type {Record<string, string>[]} */
  const rows = await database.query(sql);
  return rows.flatMap((row) => Object.values(row));
}

/**
 * Confirmed messages of the other producer that are not where their kind belongs, or in two places.
 *
 * @param {ReadonlyMap<string, string>} foreign
 * @param {Set<string>} withEffect
 * @param {string[]} parkedKeys
 */
function withoutVerdict(foreign, withEffect, parkedKeys) {
  /** @type {Map<string, number>} */
  const parked = new Map();
  for (const key of parkedKeys) parked.set(key, (parked.get(key) ?? 0) + 1);
  /** @param {string} key */
  const is = (key) => `${withEffect.has(key) ? 'handled' : ''}${'parked'.repeat(parked.get(key) ?? 0)}` || 'skipped';
  return [...foreign]
    .filter(([key, verdict]) => is(key) !== verdict)
    .map(([key, verdict]) => `${key}: ${is(key)}, not ${verdict}`);
}

/**
 * Messages whose first copy reached the broker after that of a message that was committed later under the same key.
 *
 * @param {{ id: string, ordering_key: string }[]} rows
 * @param {Map<string, { first: number }>} copies
 */
function outOfOrder(rows, copies) {
  /** @type {Map<string, number>} */
  const latest = new Map();
  let violations = 0;
  for (const { id, ordering_key: key } of rows) {
    const place = copies.get(id)?.first;
    if (place === undefined) continue;
    if (place < (latest.get(key) ?? -1)) violations++;
    latest.set(key, Math.max(place, latest.get(key) ?? -1));
  }
  return violations;
}

/** What cannot be wrong: it is shown, and no verdict stands before it. */
const FIGURE = null;

/**
 * @param {Verdict} options
 * @returns {[what: string, value: number, ok: boolean | null][]}
 */
function brokerRules({ brokerKills, forgotten }) {
  if (brokerKills === 0) return [];
  return [['confirmed by the broker, and gone when it was back', forgotten, forgotten === 0]];
}

const MARKS = new Map([
  [true, 'ok  '],
  [false, 'FAIL'],
  [FIGURE, '    '],
]);

/**
 * @param {string} name
 * @param {Verdict} verdict
 * @param {Map<string, number>} byStep
 * @param {number} seconds
 */
export function render(name, verdict, byStep, seconds) {
  /** @type {[what: string, value: number, ok: boolean | null][]} */
  const rules = [
    ['lost', verdict.lost, verdict.lost === 0],
    ['published after a rollback', verdict.ghosts, verdict.ghosts === 0],
    ['effects that did not happen exactly once', verdict.effectsNotOnce, verdict.effectsNotOnce === 0],
    ['out of order within their key', verdict.disorder, verdict.disorder === 0],
    [`duplicates at the broker; ${verdict.unknown} times a sender could not know`, verdict.duplicates, FIGURE],
    ['duplicates of messages whose sender knew that they were there', verdict.unexplained, verdict.unexplained === 0],
    ...brokerRules(verdict),
    [
      `of ${verdict.foreign} messages of another producer not where they belong`,
      verdict.unjudged.length,
      verdict.unjudged.length === 0,
    ],
    ['unfinished at the end', verdict.unfinished, verdict.unfinished === 0],
    ['parked, of our own', verdict.dead, verdict.dead === 0],
    ['processes that failed by themselves', verdict.processErrors.length, verdict.processErrors.length === 0],
  ];
  const lines = [
    '',
    `${name}: ${verdict.kills} kills of processes and ${verdict.brokerKills} of the broker in ${seconds} s, ${verdict.committed} messages committed, ${verdict.rolledBack} rolled back`,
    ...rules.map(([what, value, ok]) => `  ${MARKS.get(ok)} ${String(value).padStart(5)}  ${what}`),
    ...[...verdict.processErrors, ...verdict.unjudged].map((line) => `       ${line}`),
    '  kills by step:',
    ...[...byStep].map(([step, count]) => `       ${String(count).padStart(3)}  ${step}`),
  ];
  return { text: lines.join('\n'), passed: rules.every(([, , ok]) => ok !== false) };
}
