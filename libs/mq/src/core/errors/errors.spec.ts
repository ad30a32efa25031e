import { TransportError } from '../transport/transport-error.js';
import { Discard, PermanentError, RetryLater } from './control-flow.js';
import { MqError } from './mq-error.js';

describe('errors across two copies of the library', () => {
  it('are recognized by the other copy', () => {
    jest.isolateModules(() => {
      // oxlint-disable-next-line typescript/no-require-imports
      const copy = {
        ...require('./control-flow.js'),
        ...require('./mq-error.js'),
        ...require('../transport/transport-error.js'),
      } as {
        RetryLater: typeof RetryLater;
        Discard: typeof Discard;
        PermanentError: typeof PermanentError;
        MqError: typeof MqError;
        TransportError: typeof TransportError;
      };
      expect(copy.PermanentError).not.toBe(PermanentError);
      expect(new copy.PermanentError('no')).toBeInstanceOf(PermanentError);
      expect(new copy.RetryLater('1s')).toBeInstanceOf(RetryLater);
      expect(new copy.Discard('no')).toBeInstanceOf(Discard);
      expect(new copy.MqError('MQ_CONFIG_INVALID', 'x')).toBeInstanceOf(MqError);
      expect(new copy.TransportError('auth', 'x')).toBeInstanceOf(TransportError);
    });
  });

  it('leave derived classes to tell themselves apart', () => {
    class NoSuchSku extends PermanentError {}
    expect(new NoSuchSku('x')).toBeInstanceOf(PermanentError);
    expect(new NoSuchSku('x')).toBeInstanceOf(NoSuchSku);
    expect(new PermanentError('x')).not.toBeInstanceOf(NoSuchSku);
    expect(new PermanentError('x')).not.toBeInstanceOf(RetryLater);
    expect(new Error('x')).not.toBeInstanceOf(MqError);
  });
});
