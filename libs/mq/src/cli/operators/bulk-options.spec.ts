import { meantBy } from './bulk-options.js';

const NOW = Date.parse('2026-11-28T09:30:00Z');
const meant = (values: Record<string, unknown>) => meantBy('errors replay', { id: [], ...values }, NOW);

describe('which messages a command line means', () => {
  it('takes ids, each once', () => {
    expect(meant({ id: ['a', 'b', 'a'] })).toEqual({ ids: ['a', 'b'] });
  });

  it('takes filters, with the names that the library has, and durations that count back', () => {
    expect(meant({ message: 'm', errorGroup: 'g', status: 'DEAD', since: 3_600_000, olderThan: 60_000 })).toEqual({
      filter: {
        messageId: 'm',
        errorGroup: 'g',
        status: 'DEAD',
        since: new Date('2026-11-28T08:30:00Z'),
        olderThan: 60_000,
      },
    });
    expect(meant({ all: true })).toEqual({ filter: {} });
  });

  it.each([
    ['nothing', {}, /^say which messages: ids, or filters such as --error-group, or --all/],
    ['a limit alone', { max: 3 }, /^say which messages/],
    ['ids and a filter', { id: ['a'], topic: 'orders' }, /^say in one way which messages/],
    ['a filter and all', { all: true, topic: 'orders' }, /^say in one way which messages/],
    ['a dry run of ids', { id: ['a'], dryRun: true }, /^--dry-run is for filters and --all/],
    ['a rate of ids', { id: ['a'], rate: 5 }, /^--rate is for filters and --all/],
  ])('refuses %s', (_what, values, message) => {
    expect(() => meant(values)).toThrow(message);
  });
});
