/** What an explanation rests on besides its state: codes of `because` that are no states. */
export const EVIDENCE_CODES = {
  'id-time': 'when the id was made, and whether its retention is over',
  'last-failure': 'the last failed attempt',
  lease: 'who has the row, or had it, and until when',
  head: 'the first message of the ordering key, and its own state',
  'holds-key': 'younger messages of its key wait behind it',
  circuit: 'a circuit that is not closed, and of which process',
  'process-gone': 'a process that had it, and is gone',
  copies: 'copies that were acknowledged without running a handler, by reason',
  like: 'how many failed in the same way, and what was decided about them',
  replay: 'a row that replays it',
  'may-have-left': 'an attempt ended without an answer',
  action: 'what somebody did to it',
  'no-row': 'the outbox has no row of it',
  'silent-group': 'what happens when its group stays silent',
} as const;

export type EvidenceCode = keyof typeof EVIDENCE_CODES;
