/**
 * A broker whose traffic is watched, whichever it is: what the kill test needs of it.
 *
 * @typedef {object} ObservedBroker
 * @property {readonly Victim[]} victims the broker itself, to be killed as any process; none if it is never
 * @property {() => Promise<{ endpoint: string, caller: string }>} entrance a way in for one process, by which its requests are told
 *   from those of others
 * @property {import('./send-outcomes.mjs').SendOutcomes} outcomes
 * @property {(point: BrokerPoint) => void} arm at the next request that comes to this step, `fire` is called, before anybody learns
 *   of the step
 * @property {() => Promise<Account>} account
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} BrokerPoint
 * @property {'received' | 'stored' | 'answered'} step `received`: nothing done yet; `stored`: done (messages: handed out), not
 *   answered; `answered`: the answer has left
 * @property {'publish' | 'consume' | 'ack'} operation
 * @property {string} [caller] without one: whoever comes by
 * @property {() => void} fire
 */

/**
 * @typedef {object} Victim
 * @property {readonly string[]} errors what went wrong in it by itself
 * @property {() => Promise<void>} kill
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} stop
 */

/**
 * What the broker has.
 *
 * @typedef {object} Account
 * @property {readonly { id: string | undefined, topic: string }[]} stored all messages, copies too, in the order of their storing;
 *   without an id those of another producer
 * @property {readonly string[]} forgotten messages whose storing the broker has confirmed, and that it does not have
 */

/** @typedef {() => Promise<ObservedBroker>} StartObservedBroker */

// Types alone.
export {};
