import type { RowEvidence } from '../store/evidence-store.js';
import type { MqReason, Verdict } from './explanation.js';
import { foreseenTrouble, sendingTrouble } from './sending-trouble.js';
import type { Surroundings } from './surroundings.js';
import { at, away } from './words.js';

/** A row that some process has leased. Whether the broker has it already nobody can tell. */
export function explainSending(row: RowEvidence, around: Surroundings): Verdict {
  const owner = row.leaseOwner ?? 'a process';
  const until = new Date(row.dueAt!);
  const node = around.node(owner, row.updatedAt);
  const evidence = { owner, until, seenAt: node?.seenAt ?? null };
  const mayHaveLeft: MqReason[] =
    row.errorCode === 'MQ_OUTCOME_UNKNOWN'
      ? [{ code: 'may-have-left', text: `An earlier attempt ended without an answer (${row.error ?? ''}).` }]
      : [];
  if (row.dueAt! <= around.now) return leaseOver(row, around, { ...evidence, text: ownerOf(owner, node, around) });
  if (node?.alive) {
    const text = `${owner} is sending it since ${at(row.updatedAt)}, and owns it until ${at(row.dueAt!)}; it was seen ${away(node.seenAt.getTime(), around.now)}.`;
    return {
      state: 'being-sent',
      because: [{ code: 'being-sent', text, ...evidence }, ...mayHaveLeft],
      next: { at: until, by: owner, what: 'writes down the answer of the broker by then, or a relay sends it again' },
    };
  }
  const trouble = foreseenTrouble(row, around);
  const text = `${ownerOf(owner, node, around)} It owns the message until ${at(row.dueAt!)}, ${away(row.dueAt!, around.now)}.`;
  return {
    state: 'sender-gone',
    because: [{ code: 'sender-gone', text, ...evidence }, ...mayHaveLeft, ...trouble.because],
    next: { at: until, by: 'relay', what: 'takes it over and sends it; if it had arrived, the inbox absorbs the copy' },
    ...(trouble.todo === undefined ? {} : { todo: trouble.todo }),
  };
}

function ownerOf(owner: string, node: ReturnType<Surroundings['node']>, around: Surroundings): string {
  if (node?.alive) return `${owner} runs, and had it.`;
  if (node) return `${owner} had it, and is gone: it was seen last ${away(node.seenAt.getTime(), around.now)}.`;
  return `${owner} had it, and is gone: no process of that name is known to these tables.`;
}

function leaseOver(
  row: RowEvidence,
  around: Surroundings,
  { text, ...evidence }: { readonly text: string; readonly owner: string; readonly until: Date },
): Verdict {
  const lease = `${text} Its lease ended at ${at(row.dueAt!)}, ${away(row.dueAt!, around.now)}.`;
  const trouble = sendingTrouble(row, around);
  if (trouble !== null) {
    return { ...trouble, because: [...trouble.because, { code: 'lease', text: lease, ...evidence }] };
  }
  return {
    state: 'lease-over',
    because: [{ code: 'lease-over', text: lease, ...evidence }],
    next: {
      at: null,
      by: 'relay',
      what: 'takes it over at its next poll and sends it; if it had arrived, the inbox absorbs the copy',
    },
  };
}
