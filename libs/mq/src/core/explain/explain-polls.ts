import type { RowEvidence } from '../store/evidence-store.js';
import type { MqNode } from '../store/node-store.js';
import type { Verdict } from './explanation.js';
import type { GroupOfMessage, Poll } from './groups-of.js';
import type { Surroundings } from './surroundings.js';
import { at, away, listed, span } from './words.js';

/** The broker delivers what it has within seconds; what is not there by then has another reason. */
const SLOW_MS = 5 * 60_000;
const FIRST_BEAT_MS = 1_000;

/** Why a group has not got a message that the broker has: nobody polls, or not for this one, or it cannot. */
export function explainPolls(group: GroupOfMessage, row: RowEvidence | null, around: Surroundings): Verdict {
  const alive = group.polls.filter((poll) => poll.node.alive && poll.group.state !== 'stopped');
  if (alive.length === 0) return noConsumer(group, around);
  return (
    paused(group, alive, row, around) ??
    tagNotAsked(group, alive, row) ??
    failing(group, alive) ??
    notFetched(group, alive, row, around)
  );
}

function noConsumer({ name, groupId, polls }: GroupOfMessage, around: Surroundings): Verdict {
  const starting = around.aliveNodes.filter(isStarting);
  if (starting.length > 0) {
    const text = `${listed(starting.map(({ instance }) => instance))} started a moment ago, and has not said yet what it polls for.`;
    return {
      state: 'not-fetched',
      because: [{ code: 'not-fetched', text, group: name, groupId }],
      next: { at: null, by: 'broker', what: `delivers it once a process polls for the group ${name}` },
    };
  }
  const last = polls
    .map(({ node }) => node)
    .toSorted((a, b) => a.seenAt.getTime() - b.seenAt.getTime())
    .at(-1);
  const seen = last ? ` ${last.instance} did, and was seen last ${away(last.seenAt.getTime(), around.now)}.` : '';
  const text = `No process that runs polls for the group ${name} (${groupId}).${seen}`;
  return {
    state: 'no-consumer',
    because: [{ code: 'no-consumer', text, group: name, groupId }],
    next: {
      at: null,
      by: 'broker',
      what: `keeps it, for as long as it keeps messages, until a process polls for ${name}`,
    },
    todo: `Start a process with the role worker that has a handler for the group ${name}.`,
  };
}

/** A process writes its first row before anything of it runs. */
function isStarting({ roles, seenAt, startedAt }: MqNode): boolean {
  return roles.includes('worker') && seenAt.getTime() - startedAt.getTime() < FIRST_BEAT_MS;
}

function paused(
  group: GroupOfMessage,
  alive: readonly Poll[],
  row: RowEvidence | null,
  around: Surroundings,
): Verdict | null {
  const { name, groupId } = group;
  const connections = new Set([...alive.map(({ node }) => node.connection), ...(row ? [row.connection] : [])]);
  const pause = [...connections].map((connection) => around.pauseOf(`group:${name}`, connection)).find((each) => each);
  if (pause) {
    const until = pause.until === null ? null : new Date(pause.until);
    return {
      state: 'group-paused',
      because: [
        {
          code: 'group-paused',
          text:
            `The group ${name} was paused by ${pause.actor} at ${at(pause.since)}` +
            `${pause.until === null ? '' : ` until ${at(pause.until)}`}: ${pause.reason}`,
          group: name,
          groupId,
          actor: pause.actor,
          reason: pause.reason,
          since: new Date(pause.since),
          until,
        },
      ],
      next:
        until === null ? null : { at: until, by: `group ${name}`, what: 'polls again when the pause ends by itself' },
      ...(until === null ? { todo: `Resume group:${name} once its reason is gone.` } : {}),
    };
  }
  if (!alive.every((poll) => poll.group.state === 'paused')) return null;
  const instances = alive.map(({ node }) => node.instance);
  return {
    state: 'group-paused',
    because: [
      {
        code: 'group-paused',
        text: `The group ${name} is paused in ${listed(instances)}, by code that called MqConsumerService.pause() there.`,
        group: name,
        groupId,
        instances,
      },
    ],
    next: null,
    todo: `Resume ${name} in those processes: MqConsumerService.resume('${name}').`,
  };
}

/** As the processes of now ask the broker: what others asked before the tables do not know. */
function tagNotAsked(
  { name, groupId }: GroupOfMessage,
  alive: readonly Poll[],
  row: RowEvidence | null,
): Verdict | null {
  if (row === null) return null;
  const asked = alive.map((poll) => poll.group.tags);
  if (asked.some((tags) => tags === null || (row.tag !== null && tags.includes(row.tag)))) return null;
  const tags = [...new Set(asked.flatMap((each) => each ?? []))];
  const its = row.tag === null ? 'it has no tag' : `its tag is ${row.tag}`;
  return {
    state: 'tag-not-asked',
    because: [
      {
        code: 'tag-not-asked',
        text: `The group ${name} asks the broker for ${listed(tags.map((tag) => JSON.stringify(tag)))}, and ${its}: the broker passes it over.`,
        group: name,
        groupId,
        tag: row.tag,
        tags,
      },
    ],
    next: null,
    todo: `If ${name} is to handle it, add a handler for its tag, and the tag to its tags in "groups" if those are set; the broker may not deliver what it has passed over, so publish it again.`,
  };
}

function failing({ name, groupId }: GroupOfMessage, alive: readonly Poll[]): Verdict | null {
  if (!alive.every(({ group: { state } }) => state === 'backing-off' || state === 'database')) return null;
  const said = alive.map(({ node, group: { state, error } }) =>
    state === 'database'
      ? `${node.instance} waits for its database`
      : `the polls of ${node.instance} fail (${error?.code ?? 'unknown'}: ${error?.message ?? ''})`,
  );
  return {
    state: 'polls-fail',
    because: [{ code: 'polls-fail', text: `The group ${name} gets nothing: ${listed(said)}.`, group: name, groupId }],
    next: {
      at: null,
      by: `group ${name}`,
      what: 'tries again by itself, with growing pauses; then it gets the message',
    },
    ...(alive.some((poll) => poll.group.error?.code === 'MQ_BROKER_REJECTED')
      ? { todo: `Create the group ${groupId} at the broker, or correct how it is set up; no restart is needed.` }
      : {}),
  };
}

function notFetched(
  { name, groupId }: GroupOfMessage,
  alive: readonly Poll[],
  row: RowEvidence | null,
  around: Surroundings,
): Verdict {
  const sentAt = row === null ? null : (row.doneAt ?? row.updatedAt);
  const instances = alive.map(({ node }) => node.instance);
  const full = alive.every((poll) => poll.group.state === 'full');
  const late = sentAt !== null && around.now - Math.max(sentAt, row?.deliverAt ?? 0) > SLOW_MS;
  const busy = full ? ', and all of its slots are taken' : '';
  const forHow = sentAt === null ? '' : ` The broker has had it for ${span(around.now - sentAt)}.`;
  return {
    state: 'not-fetched',
    because: [
      {
        code: 'not-fetched',
        text:
          `The group ${name} polls in ${listed(instances)}${busy}, and has written nothing about it.${forHow} ` +
          'The tables cannot tell whether it is on its way, or waits for the lease of a delivery that was lost.',
        group: name,
        groupId,
        instances,
      },
    ],
    next: { at: null, by: 'broker', what: `delivers it to the group ${name}; when, only the broker knows` },
    ...(late
      ? {
          todo: full
            ? `Give ${name} more concurrency, or more processes: all of its slots are taken.`
            : `Look at the broker: whether the group ${groupId} is behind, or was made after the message and began at the end of the topic.`,
        }
      : {}),
  };
}
