import type { MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import type { MqNode, NodeGroup } from '../store/node-store.js';
import type { Surroundings } from './surroundings.js';

/** A group that is to handle a message, or has had to do with it. */
export interface GroupOfMessage {
  readonly groupId: string;
  /** Short name; the id where nobody knows it. */
  readonly name: string;
  /** Poll loops of processes that run, and of those that are gone. */
  readonly polls: readonly Poll[];
  /** `false`: it keeps no inbox, as this process is configured. */
  readonly inbox: boolean;
}

export interface Poll {
  readonly node: MqNode;
  readonly group: NodeGroup;
}

/**
 * Finds the groups of a message: those whose processes say that they read its topic, those with handlers in this process, the
 * one that its row waits for, and all that have written anything about it. A replay for one group concerns that one alone, and
 * the other rows of the message no longer concern it.
 */
export function groupsOf(row: RowEvidence | null, message: MessageEvidence, around: Surroundings): GroupOfMessage[] {
  const ids = new Set<string>();
  if (row?.targetGroup) {
    ids.add(row.targetGroup);
  } else {
    if (row) for (const groupId of readersOf(row, around)) ids.add(groupId);
    for (const { groupId } of message.inbox) ids.add(groupId);
    for (const { groupId } of message.copies) ids.add(groupId);
    for (const { groupId } of message.errors) if (groupId !== null) ids.add(groupId);
    for (const { targetGroup } of message.rows) if (targetGroup !== null) ids.delete(targetGroup);
  }
  return [...ids].sort().map((groupId) => ({
    groupId,
    name: nameOf(groupId, message, around),
    polls: pollsOf(groupId, row, around),
    inbox: around.settings.groups.find((group) => group.groupId === groupId)?.inbox ?? true,
  }));
}

function readersOf(row: RowEvidence, around: Surroundings): string[] {
  const { groups, aliases } = around.settings;
  const polled = around.evidence.nodes.flatMap((node) =>
    node.state.groups.filter((group) => topicOf(node, group) === row.topic).map(({ groupId }) => groupId),
  );
  const handled = groups.filter(({ topic }) => topic === row.topic).map(({ groupId }) => groupId);
  const awaited = [...aliases].filter(([, alias]) => alias === row.settleGroup).map(([groupId]) => groupId);
  return [...polled, ...handled, ...awaited];
}

function pollsOf(groupId: string, row: RowEvidence | null, around: Surroundings): Poll[] {
  return around.evidence.nodes.flatMap((node) =>
    node.state.groups
      .filter((group) => group.groupId === groupId && (row === null || topicOf(node, group) === row.topic))
      .map((group) => ({ node, group })),
  );
}

function topicOf({ state }: MqNode, { topic }: NodeGroup): string | undefined {
  return state.topics.find(({ alias }) => alias === topic)?.topic;
}

function nameOf(groupId: string, { errors }: MessageEvidence, around: Surroundings): string {
  const known = around.evidence.nodes.flatMap(({ state }) => state.groups).find((group) => group.groupId === groupId);
  const wrote = errors.find((error) => error.groupId === groupId);
  return around.settings.aliases.get(groupId) ?? known?.group ?? wrote?.group ?? groupId;
}
