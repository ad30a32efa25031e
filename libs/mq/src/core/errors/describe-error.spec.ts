import { describeError } from './describe-error.js';

const thrower = (): never => {
  throw new Error('a getter');
};
const circular = new AggregateError([new TypeError('first'), 'second', undefined, new Error('fourth')], 'several');
circular.errors.unshift(circular);

describe('describeError', () => {
  it.each<[string, unknown, string, string]>([
    ['an error', new TypeError('no'), 'TypeError', 'no'],
    ['an error without a message', new RangeError(), 'RangeError', 'RangeError'],
    ['a text', 'no', 'string', 'no'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['null', null, 'null', 'null'],
    ['a symbol', Symbol('x'), 'symbol', 'Symbol(x)'],
    ['a function', thrower, 'thrower', 'a function was thrown instead of an error'],
    ['an object', { code: 'secret' }, 'Object', 'Object without a message'],
    ['an object with a message', { message: 'no' }, 'Object', 'no'],
    ['a message that is an object', { message: { a: 'secret' } }, 'Object', 'its message is no text but an object'],
    ['no prototype', Object.create(null), 'object', 'object without a message'],
    [
      'a message that throws',
      Object.defineProperty(new Error(), 'message', { get: thrower }),
      'Error',
      'Error without a message',
    ],
    ['a proxy', new Proxy({}, { get: thrower }), 'object', 'object without a message'],
    [
      'one gathered error',
      new AggregateError([new Error('refused')]),
      'AggregateError',
      'AggregateError (1 error: refused)',
    ],
    [
      'several, itself among them',
      circular,
      'AggregateError',
      // Not round and round: what is gathered within what is gathered is the last that is told.
      'several (5 errors: AggregateError: several (5 errors: AggregateError: several; TypeError: first; second; …); TypeError: first; second; …)',
    ],
  ])('tells of %s', (_, error, name, message) => {
    expect(describeError(error)).toMatchObject({ name, message });
  });

  it('is bounded, whatever it is given', () => {
    const many = new AggregateError(
      Array.from({ length: 1_000 }, () => new Error('x'.repeat(1_000))),
      'y'.repeat(10_000),
    );
    const { name, message, stack } = describeError(Object.assign(many, { name: 'z'.repeat(1_000) }));
    expect(name.length).toBeLessThanOrEqual(128);
    expect(message.length).toBeLessThanOrEqual(500);
    expect(stack!.length).toBeLessThanOrEqual(16_000);
    expect(describeError('x'.repeat(1_000)).message).toHaveLength(500);
  });
});
