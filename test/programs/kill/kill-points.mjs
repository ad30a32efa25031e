/** @typedef {{ role: string, name: string, kind: 'database', patterns: RegExp[], after: boolean, needs?: KillPoint }} SqlPoint */
/** @typedef {{ role: string, name: string, kind: 'broker', step: 'received' | 'stored' | 'answered', operation: 'publish' | 'consume' | 'ack', needs?: undefined }} BrokerKillPoint */
/** @typedef {SqlPoint | BrokerKillPoint} KillPoint */
// Where a process dies. `database` points are seen by the proxy in front of the database, `broker` points by whoever
// watches the traffic with the broker.
const OUTBOX_INSERT = /INSERT INTO [^ ]*mq_status_log/;
const COMMIT = /COMMIT/;
const CONFIRM = /SELECT id, lease_token, deliver_at, seq/;
const MARK = /broker_message_id = v\.broker_id/;
const CLAIM = /due_at <= [\s\S]*FOR UPDATE SKIP LOCKED/;
const LEASE = /status = 'SENDING', lease_token =/;
const HEAD_CHECK = /SELECT k\.open_key/;
const PROMOTE = /SELECT t\.id, t\.payload_bytes FROM \(SELECT \(/;
const DEFER = /deferred = true, lease_token = NULL/;
const INBOX_INSERT = /INSERT INTO [^ ]*mq_inbox/;
const EFFECT = /INSERT INTO kill_effect/;

/**
 * @param {string} role
 * @param {string} name
 * @param {RegExp[]} patterns
 * @param {boolean} [after]
 * @returns {SqlPoint}
 */
const sql = (role, name, patterns, after = false) => ({ role, name, kind: 'database', patterns, after });
/**
 * Comes about only where the head of a key is in the hands of somebody else, who best is dead.
 *
 * @param {SqlPoint} point
 * @returns {SqlPoint}
 */
const behindDeadHead = (point) => ({ ...point, needs: sql('publisher', 'with a row in its hands', [MARK]) });
/**
 * @param {string} role
 * @param {string} name
 * @param {BrokerKillPoint['step']} step
 * @param {BrokerKillPoint['operation']} operation
 * @returns {BrokerKillPoint}
 */
const broker = (role, name, step, operation) => ({ role, name, kind: 'broker', step, operation });

/**
 * Where the broker itself dies, with whatever all processes have under way there. The first two look alike to a publisher,
 * and the third is what a message that is marked as sent rests on.
 */
export const BROKER_KILL_POINTS = [
  broker('broker', 'request received, not stored', 'received', 'publish'),
  broker('broker', 'message stored, not answered', 'stored', 'publish'),
  broker('broker', 'message stored and answered', 'answered', 'publish'),
  broker('broker', 'messages handed out', 'stored', 'consume'),
  broker('broker', 'ack done, not answered', 'stored', 'ack'),
];

/**
 * @param {{ claimInOneStatement: boolean }} database
 * @returns {KillPoint[]}
 */
export function killPoints({ claimInOneStatement }) {
  const claimed = claimInOneStatement ? [LEASE] : [LEASE, COMMIT];
  return [
    sql('publisher', 'before the outbox INSERT', [OUTBOX_INSERT]),
    sql('publisher', 'after the outbox INSERT', [OUTBOX_INSERT], true),
    sql('publisher', 'before COMMIT', [OUTBOX_INSERT, COMMIT]),
    sql('publisher', 'after COMMIT, answer unseen', [OUTBOX_INSERT, COMMIT], true),
    sql('publisher', 'before the confirm read', [CONFIRM]),
    sql('publisher', 'after the confirm read', [CONFIRM], true),
    broker('publisher', 'request received, not stored', 'received', 'publish'),
    broker('publisher', 'stored, not answered', 'stored', 'publish'),
    sql('publisher', 'before the mark', [MARK]),
    sql('publisher', 'after the mark', [MARK], true),

    sql('relay', 'before the claim', [CLAIM]),
    sql('relay', 'after the claim', claimed, true),
    sql('relay', 'before the head check', [HEAD_CHECK]),
    behindDeadHead(sql('relay', 'before putting followers to sleep', [DEFER])),
    behindDeadHead(sql('relay', 'after putting followers to sleep', [DEFER], true)),
    broker('relay', 'request received, not stored', 'received', 'publish'),
    broker('relay', 'stored, not answered', 'stored', 'publish'),
    broker('relay', 'answered', 'answered', 'publish'),
    sql('relay', 'before the mark', [MARK]),
    sql('relay', 'after the mark', [MARK], true),
    sql('relay', 'before waking the next of a key', [PROMOTE]),

    broker('consumer', 'messages handed out', 'stored', 'consume'),
    broker('consumer', 'messages received', 'answered', 'consume'),
    sql('consumer', 'before the inbox INSERT', [INBOX_INSERT]),
    sql('consumer', 'after the inbox INSERT', [INBOX_INSERT], true),
    sql('consumer', 'before the effect', [EFFECT]),
    sql('consumer', 'after the effect', [EFFECT], true),
    sql('consumer', 'before COMMIT', [EFFECT, COMMIT]),
    sql('consumer', 'after COMMIT, answer unseen', [EFFECT, COMMIT], true),
    broker('consumer', 'ack received, not done', 'received', 'ack'),
    broker('consumer', 'ack done, not answered', 'stored', 'ack'),
  ];
}
