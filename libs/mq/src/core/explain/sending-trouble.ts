import type { NodeCircuit, MqNode } from '../store/node-store.js';
import type { RowEvidence } from '../store/evidence-store.js';
import type { MqReason, Verdict } from './explanation.js';
import type { Surroundings } from './surroundings.js';
import { at, away, listed, span } from './words.js';

/** A probe goes within this, whatever a circuit said at the last heartbeat. */
const PROBE_MAX_MS = 3_000;

/** Why a row that is due does not leave; `null` when some relay should take it. */
export function sendingTrouble(row: RowEvidence, around: Surroundings): Verdict | null {
  const relays = around.relays;
  if (relays.length === 0) return noRelay(row, around);
  const claimers = around.claimers(row);
  if (claimers.length === 0) return orphaned(row, relays, around);
  return broken(row, claimers, around);
}

/** The same as reasons for a row that waits for something else first: what will stand in its way then. */
export function foreseenTrouble(row: RowEvidence, around: Surroundings): Pick<Verdict, 'because' | 'todo'> {
  const trouble = sendingTrouble(row, around);
  if (trouble === null) return { because: [] };
  return { because: trouble.because, ...(trouble.todo === undefined ? {} : { todo: trouble.todo }) };
}

function noRelay({ connection }: RowEvidence, around: Surroundings): Verdict {
  const last = around.evidence.nodes.findLast(({ roles }) => roles.includes('relay'));
  const others = around.aliveNodes.map(({ instance }) => instance);
  const running = others.length === 0 ? 'no process that uses these tables runs' : `${listed(others)} run without it`;
  const seen = last ? `; the last one, ${last.instance}, was seen ${away(last.seenAt.getTime(), around.now)}` : '';
  return {
    state: 'no-relay',
    because: [{ code: 'no-relay', text: `No process with the role relay runs: ${running}${seen}.`, running: others }],
    next: null,
    todo: `Start a process with the role relay and the connection ${connection}; it sends what waits.`,
  };
}

function orphaned(row: RowEvidence, relays: readonly MqNode[], around: Surroundings): Verdict {
  const { connection, broker, topic, topicAlias } = row;
  const owners = relays.flatMap(({ state }) => state.owners);
  const ofConnection = owners.some((owner) => owner.connection === connection && owner.broker === broker);
  const since = row.dueAt !== null && row.dueAt <= around.now ? `, due since ${at(row.dueAt)},` : '';
  return {
    state: 'orphaned',
    because: [
      {
        code: 'orphaned',
        text:
          `Nobody claims it${since}: ${listed(relays.map(({ instance }) => instance))} ${relays.length === 1 ? 'is' : 'are'} ` +
          (ofConnection
            ? `configured without the topic ${topic}.`
            : `configured for ${listed([...new Set(owners.map((owner) => `${owner.connection}@${owner.broker}`))])}, ` +
              `and it belongs to ${connection}@${broker}.`),
        connection,
        broker,
        topic,
      },
    ],
    next: null,
    todo: ofConnection
      ? `Configure the topic ${topic} again (it was ${topicAlias}), or cancel the message.`
      : `If the connection was renamed, or the broker has moved, adopt it: connections: ['${connection}@${broker}'].`,
  };
}

/** A row is stopped only when every process that could send it is: they find out one by one. */
function broken(row: RowEvidence, claimers: readonly MqNode[], around: Surroundings): Verdict | null {
  const scopes = ['connection', `topic ${row.topic}`];
  const stopped = claimers.map((node) => ({
    node,
    circuit: scopes.flatMap((scope) => node.state.circuits.filter((circuit) => circuit.scope === scope))[0],
  }));
  if (stopped.some(({ circuit }) => circuit === undefined)) return null;
  const circuits = stopped as { node: MqNode; circuit: NodeCircuit }[];
  const [first] = circuits.toSorted((a, b) => since(a) - since(b));
  const { circuit } = first!;
  const state = circuit.scope === 'connection' ? 'broker-away' : 'topic-stopped';
  const because: MqReason[] = circuits.map(({ node, circuit: { scope, code, message } }, i) => ({
    code: i === 0 ? state : 'circuit',
    text:
      `${node.instance} sends nothing through the ${scope} since ${at(since({ node, circuit: circuits[i]!.circuit }))} ` +
      `(${code}: ${message}); so it said ${away(node.seenAt.getTime(), around.now)}.`,
    instance: node.instance,
    scope,
    since: new Date(since({ node, circuit: circuits[i]!.circuit })),
    failure: code,
  }));
  const probeAt = Math.min(...circuits.map((each) => each.node.seenAt.getTime() + each.circuit.nextProbeInMs));
  const inTime = probeAt > around.now ? probeAt : around.now + PROBE_MAX_MS;
  const todo = todoOf(circuit.code, row);
  return {
    state,
    because,
    next: {
      at: new Date(inTime),
      by: 'relay',
      what: `tries one message, again and again (at most ${span(PROBE_MAX_MS)} apart unless the broker asks for more); when it gets through, all follow`,
    },
    ...(todo === null ? {} : { todo }),
  };
}

function since({ node, circuit }: { node: MqNode; circuit: NodeCircuit }): number {
  return Date.parse(circuit.since) - node.clockOffsetMs;
}

/** Outages and throttling end by themselves. */
function todoOf(code: string, { topic }: RowEvidence): string | null {
  switch (code) {
    case 'MQ_BROKER_AUTH':
      return `Correct the credentials, or grant the right to the topic ${topic}; the latter needs no restart.`;
    case 'MQ_BROKER_REJECTED':
      return `Create the topic ${topic} at the broker, with the type that its messages need; no restart is needed.`;
    case 'MQ_TRANSPORT_DEFECT':
      return 'Look at the log of that process: its transport fails before anything is sent.';
    default:
      return null;
  }
}
