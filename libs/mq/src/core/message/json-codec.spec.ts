import * as fc from 'fast-check';
import { jsonCodec } from './json-codec.js';

describe('jsonCodec', () => {
  it('round-trips every JSON value and leaves nothing that XML cannot carry', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = jsonCodec.encode(value);
        expect(JSON.stringify(jsonCodec.decode(text))).toBe(JSON.stringify(value));
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[<>&\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
        expect(() => encodeURIComponent(text)).not.toThrow(); // throws on a lone surrogate
      }),
    );
  });

  it.each([
    [']]>', '"]]\\u003e"'],
    ['a\r\n', '"a\\r\\n"'],
    ['\ud800', '"\\ud800"'],
    ['\uffff', '"\\uffff"'],
    ['🎉', '"🎉"'],
  ])('writes %j so that it survives', (value, text) => {
    expect(jsonCodec.encode(value)).toBe(text);
    expect(jsonCodec.decode(text)).toBe(value);
  });

  it.each([[() => 1], [Symbol('x')]])('refuses %p, which has no JSON form', (value) => {
    expect(() => jsonCodec.encode(value)).toThrow('has no JSON form');
  });

  it.each<[unknown, string]>([
    [undefined, 'it is undefined, or missing'],
    [new Map([['a', 1]]), 'payload is a Map, of which JSON keeps nothing: write Object.fromEntries(map)'],
    [{ items: [{ tags: new Set(['a']) }] }, 'payload.items.0.tags is a Set'],
    [{ order: Promise.resolve(1) }, 'payload.order is a promise, of which JSON keeps nothing: await it'],
  ])('refuses %p, of which nothing would be left', (value, why) => {
    expect(() => jsonCodec.encode(value)).toThrow(why);
  });

  it('takes objects that are empty, and what has a JSON form of its own', () => {
    const own = Object.assign(new Map([['a', 1]]), { toJSON: () => ({ a: 1 }) });
    expect(jsonCodec.encode({ empty: {}, own })).toBe('{"empty":{},"own":{"a":1}}');
  });
});
