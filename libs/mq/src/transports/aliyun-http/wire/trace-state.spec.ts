import fc from 'fast-check';
import { fromWireProperty, toWireProperty } from './trace-state.js';

describe('tracestate on the wire of HTTP', () => {
  it('has nothing in it that this wire forbids, and comes back as it was', () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 40,
    });
    fc.assert(
      fc.property(printable, (state) => {
        const [name, written] = toWireProperty(['tracestate', state]);
        expect(name).toBe('tracestate');
        expect(written).not.toMatch(/[:|&<>"']/);
        expect(fromWireProperty(['tracestate', written])).toEqual(['tracestate', state]);
      }),
    );
  });

  it('of other producers is left as it is where it was never escaped', () => {
    for (const state of ['vendor=100%', 'vendor=%41', 'vendor=%zz', 'plain=1,other=2'])
      expect(fromWireProperty(['tracestate', state])).toEqual(['tracestate', state]);
    expect(fromWireProperty(['tracestate', 'vendor=a%3ab%7Cc'])).toEqual(['tracestate', 'vendor=a:b|c']);
  });

  it('is the only property that is escaped', () => {
    for (const name of ['traceparent', 'mq-id', 'tracestate2']) {
      expect(toWireProperty([name, 'a:b'])).toEqual([name, 'a:b']);
      expect(fromWireProperty([name, 'a%3Ab'])).toEqual([name, 'a%3Ab']);
    }
  });
});
