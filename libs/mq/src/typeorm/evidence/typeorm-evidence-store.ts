import type {
  CopyCount,
  Evidence,
  EvidenceStore,
  LikeEvidence,
  MessageEvidence,
} from '../../core/store/evidence-store.js';
import type { Happenings } from '../../core/store/happening.js';
import type { NodeStore } from '../../core/store/node-store.js';
import { storable } from '../sql/fit-column.js';
import type { OwnConnections } from '../store/own-connections.js';
import type { Reader } from '../store/reader.js';
import { errorsOf, messagesMeant, rowsOf } from './find-messages.js';
import { type Ahead, aheadOf } from './read-ahead.js';
import { actionsOn, pausesNow } from './read-around.js';
import { countCopies, type CopyRow, groupRowsOf, type InboxRow } from './read-groups.js';
import { causedBy, type CausedRow } from './read-caused.js';
import { readHappenings } from './read-happenings.js';
import { likesOf } from './read-likes.js';
import { type ErrorRow, messageIdOf, type StatusRow, toErrorEvidence, toRowEvidence } from './rows.js';

/** Everything that was read, before it is sorted by message. */
interface Found {
  readonly rows: readonly StatusRow[];
  readonly errors: readonly ErrorRow[];
  readonly inbox: readonly InboxRow[];
  readonly copies: readonly CopyRow[];
  readonly actions: Awaited<ReturnType<typeof actionsOn>>;
  readonly ahead: ReadonlyMap<string, Ahead>;
  readonly caused: readonly CausedRow[];
}

/**
 * Reads what PostgreSQL, MySQL or MariaDB know about a message. A dozen statements, each by an index, and one more for each
 * message that waits behind another, all in one snapshot: an inbox row that says PARKED never comes without the error row of the same
 * transaction. What processes tell about themselves, and what is paused, is read after it.
 */
export class TypeOrmEvidenceStore implements EvidenceStore {
  constructor(
    private readonly own: OwnConnections,
    private readonly nodes: NodeStore,
  ) {}

  async read(idOrKey: string): Promise<Evidence> {
    const asked = storable(idOrKey);
    const { messageIds, found, likes } = await this.own.snapshot((reader) => findAll(reader, asked));
    const messages = messageIds.map((id) => messageOf(id, found)).filter(isKnown);
    // Last, so that no process seems gone that has begun since.
    const nodes = await this.nodes.list();
    const { now, pauses } = await pausesNow(this.own);
    return {
      asked: idOrKey,
      now,
      messages: messages.length > 0 ? messages.sort(byAge) : [messageOf(asked, found)],
      nodes,
      pauses,
      likes,
    };
  }

  happenings(backMs: number, aliasOf: (groupId: string) => string): Promise<Happenings> {
    return readHappenings(this.own, backMs, aliasOf);
  }

  copies(): Promise<CopyCount[]> {
    return countCopies(this.own);
  }
}

async function findAll(
  reader: Reader,
  asked: string,
): Promise<{ messageIds: readonly string[]; found: Found; likes: LikeEvidence[] }> {
  const messageIds = await messagesMeant(reader, asked);
  const rows = await rowsOf(reader, messageIds);
  const ahead = await aheadOf(reader, rows);
  const heads = [...ahead.values()].map(({ head }) => head);
  const rowIds = [...rows, ...heads].map(({ id }) => id);
  const errors = await errorsOf(reader, [...new Set([...messageIds, ...heads.map(messageIdOf), ...rowIds])]);
  const { inbox, copies } = await groupRowsOf(reader, messageIds);
  const parked = errors.filter((error) => Boolean(error.parked)).map(({ id }) => id);
  const actions = await actionsOn(reader, [...new Set([...messageIds, ...rowIds, ...parked])]);
  const likes = await likesOf(reader, errors);
  const caused = await causedBy(reader, messageIds);
  return { messageIds, found: { rows, errors, inbox, copies, actions, ahead, caused }, likes };
}

function messageOf(messageId: string, found: Found): MessageEvidence {
  const rows = found.rows.filter((row) => messageIdOf(row) === messageId);
  const last = rows.at(-1);
  const ahead = last === undefined ? undefined : found.ahead.get(last.id);
  const headId = ahead === undefined ? null : messageIdOf(ahead.head);
  return {
    ...withErrors(messageId, rows, found),
    inbox: found.inbox
      .filter((row) => row.message_id === messageId)
      .map((row) => ({ groupId: row.group_id, state: row.state, at: Number(row.created_at) })),
    copies: found.copies
      .filter((row) => row.message_id === messageId)
      .map((row) => ({
        groupId: row.group_id,
        reason: row.reason,
        copies: Number(row.copies),
        lastAt: Number(row.last_at),
      })),
    ahead:
      ahead === undefined
        ? null
        : {
            head: { ...withErrors(headId!, [ahead.head], found), inbox: [], copies: [], ahead: null, caused: [] },
            headId: ahead.head.id,
            count: ahead.count,
          },
    caused: found.caused
      .filter((row) => row.causation_id === messageId)
      .map((row) => ({
        messageId: row.id,
        topicAlias: row.topic_alias,
        key: row.msg_key,
        status: row.status,
        at: Number(row.created_at),
      })),
  };
}

function withErrors(
  messageId: string,
  rows: readonly StatusRow[],
  found: Found,
): Pick<MessageEvidence, 'messageId' | 'rows' | 'errors' | 'actions'> {
  const ids = new Set([messageId, ...rows.map(({ id }) => id)]);
  const errors = found.errors.filter((error) => ids.has(error.message_id));
  for (const { id } of errors) ids.add(id);
  return {
    messageId,
    rows: rows.map(toRowEvidence),
    errors: errors.map(toErrorEvidence),
    actions: found.actions.filter((action) => action.ids.some((id) => ids.has(id))),
  };
}

function isKnown({ rows, errors, inbox, copies, actions, caused }: MessageEvidence): boolean {
  return [rows, errors, inbox, copies, actions, caused].some(({ length }) => length > 0);
}

/** Of foreign messages and pruned ones the id alone, which sorts by time if it is ours. */
function byAge(a: MessageEvidence, b: MessageEvidence): number {
  return (a.rows[0]?.createdAt ?? 0) - (b.rows[0]?.createdAt ?? 0) || (a.messageId < b.messageId ? -1 : 1);
}
