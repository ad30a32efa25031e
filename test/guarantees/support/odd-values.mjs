// What code of a user may throw, return or answer, by name: each makes a new one.

class Hostile extends Error {}

/**
 * A proxy that answers every question with an exception, also the one whether it is an instance of something.
 *
 * @param {object} [target]
 */
const throwing = (target = {}) => {
  const trap = () => {
    throw new Error('a trap of a proxy');
  };
  const traps = ['get', 'set', 'has', 'getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor', 'defineProperty'];
  return new Proxy(target, Object.fromEntries(traps.map((name) => [name, trap])));
};

/**
 * @param {Error} error
 * @param {string} name
 * @param {PropertyDescriptor} descriptor
 */
const withProperty = (error, name, descriptor) =>
  Object.defineProperty(error, name, { configurable: true, ...descriptor });
const getter = () => {
  throw new Error('a getter');
};

/** @type {Record<string, () => unknown>} */
export const ODD_VALUES = {
  undefined: () => undefined,
  null: () => null,
  symbol: () => Symbol('odd'),
  bigint: () => 12n,
  text: () => 'a text',
  function: () => () => 'a function',
  'a plain object': () => ({ code: 1 }),
  'an object without a prototype': () => Object.create(null),
  'an error whose message is an object': () => withProperty(new Hostile('x'), 'message', { value: { secret: 1 } }),
  'an error whose message throws': () => withProperty(new Hostile('x'), 'message', { get: getter }),
  'an error of which all throws': () =>
    // First the stack: Node makes it when it is touched, and asks for name and message then.
    ['stack', 'message', 'name', 'cause', 'code', 'constructor', 'driverError', 'errors'].reduce(
      (error, name) => withProperty(error, name, { get: getter }),
      new Hostile('x'),
    ),
  'an error with a hostile prototype': () => Object.setPrototypeOf(new Error('x'), throwing()),
  'a proxy that throws': () => throwing(),
  'a proxy of an error that throws': () => throwing(new Error('x')),
  'a proxy that was revoked': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  // oxlint-disable-next-line unicorn/no-thenable
  'a thenable that throws': () => ({ then: () => getter() }),
  // oxlint-disable-next-line unicorn/no-thenable
  'a thenable whose then throws': () => Object.defineProperty({}, 'then', { get: getter }),
  'a rejected promise': () => Promise.reject(new Error('rejected')),
  'a promise rejected with a proxy': () => Promise.reject(throwing()),
  'a thenable that is rejected with itself': () => {
    // oxlint-disable-next-line unicorn/no-thenable
    const thenable = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (/** @type {unknown} */ _, /** @type {(reason: unknown) => void} */ reject) => reject(thenable),
    };
    return thenable;
  },
  'a message of 100 MB': () => new Error('x'.repeat(100_000_000)),
  'a circle of causes': () => {
    const error = new Error('round');
    error.cause = new Error('and round', { cause: error });
    return error;
  },
  'an AggregateError of itself': () => {
    const error = new AggregateError([new Error('first'), throwing(), undefined], 'several');
    error.errors.push(error);
    return error;
  },
};
