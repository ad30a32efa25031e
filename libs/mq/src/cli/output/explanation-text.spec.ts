import { explanationText } from './explanation-text.js';

const NOW = new Date('2026-11-28T09:30:00Z');

describe('explanationText', () => {
  it('says the state, why, what happens next, and what somebody has to do', () => {
    const lines = explanationText(
      {
        messageId: '0197',
        state: 'waits-to-be-tried-again',
        because: [
          { code: 'waits-to-be-tried-again', text: 'The last attempt failed.' },
          { code: 'last-failure', text: 'Attempt 2 failed: no route.' },
        ],
        next: { at: new Date(NOW.getTime() + 90_000), by: 'relay', what: 'sends it' },
        todo: 'make the topic',
      },
      NOW,
    );
    expect(lines).toEqual([
      '0197  waits-to-be-tried-again',
      '  because  The last attempt failed.',
      '           Attempt 2 failed: no route.',
      '  next     in 1m 30s (2026-11-28T09:31:30Z), relay: sends it',
      '  to do    make the topic',
    ]);
  });

  it('says where nothing more happens, and where nobody knows when', () => {
    const because = [{ code: 'sent' as const, text: 'It was sent.\nEven so.' }];
    const [, why, next, ...more] = explanationText({ messageId: 'x', state: 'sent', because, next: null }, NOW);
    expect([why, next, more]).toEqual([
      '  because  It was sent. Even so.',
      '  next     nothing more happens by itself',
      [],
    ]);
    const later = { at: null, by: 'broker', what: 'delivers it' };
    expect(explanationText({ messageId: 'x', state: 'sent', because, next: later }, NOW)[2]).toBe(
      '  next     broker: delivers it',
    );
  });
});
