import { timelineText } from './timeline-text.js';

const ALONE = { causationId: null, caused: [] };
const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 28, 9, 30, seconds));

describe('timelineText', () => {
  it('has a line for each entry: when, how long after the one before, what, in which group, by whom', () => {
    const lines = timelineText({
      messageId: '0197',
      key: 'A-1',
      topic: 'orders',
      correlationId: 'request-9',
      ...ALONE,
      entries: [
        { at: at(0), what: 'published', text: 'published to orders' },
        { at: at(2), what: 'attempt-failed', text: 'attempt 1 failed: X: no sku', group: 'stock', instance: 'web:7' },
        { at: at(59), what: 'handled', text: 'handled', group: 'stock' },
      ],
    });
    expect(lines).toEqual([
      '0197  topic orders, key A-1, correlation request-9',
      '  2026-11-28T09:30:00.000Z        published              published to orders',
      '  2026-11-28T09:30:02.000Z  +2s   attempt-failed  stock  attempt 1 failed: X: no sku (web:7)',
      '  2026-11-28T09:30:59.000Z  +57s  handled         stock  handled',
    ]);
  });

  it('leaves out what nothing is known of, and lets nobody colour a terminal', () => {
    const entries = [{ at: at(0), what: 'handled' as const, text: 'of \u001b[31mme\nand more' }];
    expect(timelineText({ messageId: 'x', key: 'x', topic: '', correlationId: 'x', ...ALONE, entries })).toEqual([
      'x',
      '  2026-11-28T09:30:00.000Z  handled  of  [31mme and more',
    ]);
    expect(timelineText({ messageId: 'x', key: 'x', topic: '', correlationId: 'x', ...ALONE, entries: [] })).toEqual([
      'x',
    ]);
  });
});
