import type { Command } from '../command.js';
import { withPresets } from './with-presets.js';

const commands: Command[] = [
  {
    name: 'send',
    summary: '',
    examples: [],
    options: [{ flags: '--wait [duration]', description: '', preset: '30s' }],
  },
  {
    name: 'errors',
    summary: '',
    examples: [],
    commands: [
      { name: 'replay', summary: '', examples: [], options: [{ flags: '--watch [d]', description: '', preset: '2s' }] },
    ],
  },
];

describe('withPresets', () => {
  it.each([
    [
      ['send', '--wait'],
      ['send', '--wait=30s'],
    ],
    [
      ['send', '--wait', 'orders'],
      ['send', '--wait=30s', 'orders'],
    ],
    [
      ['send', '--wait', '1.5s'],
      ['send', '--wait', '1.5s'],
    ],
    [
      ['send', '--wait=5s', 'orders'],
      ['send', '--wait=5s', 'orders'],
    ],
    [
      ['errors', 'replay', '--watch', 'x'],
      ['errors', 'replay', '--watch=2s', 'x'],
    ],
    // An id begins with a digit as well.
    [
      ['errors', 'replay', '--watch', '0197f1c2-8a30'],
      ['errors', 'replay', '--watch=2s', '0197f1c2-8a30'],
    ],
  ])('%j is read as %j', (typed, read) => {
    expect(withPresets(typed, commands)).toEqual(read);
  });
});
