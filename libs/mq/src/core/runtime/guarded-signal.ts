import { callDetached } from './user-code.js';

type Listener = Parameters<AbortSignal['addEventListener']>[1];
type AddOptions = Parameters<AbortSignal['addEventListener']>[2];
type RemoveOptions = Parameters<AbortSignal['removeEventListener']>[2];

/**
 * Makes a signal whose listeners cannot end the process: Node throws what an `abort` listener throws outside of everybody's
 * `try`. A listener that throws has done its part or not; whoever aborts has to go on either way.
 *
 * The signal itself and not a wrapper, because `fetch` and the drivers take nothing else. `onabort` is set through
 * `addEventListener` by Node, so it is covered.
 */
export function guardedSignal(signal: AbortSignal): AbortSignal {
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const guards = new WeakMap<object, (event: Event) => void>();
  const guardOf = (listener: Exclude<Listener, null>): ((event: Event) => void) => {
    let guard = guards.get(listener);
    if (!guard) {
      guard = (event) =>
        callDetached(() =>
          typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event),
        );
      guards.set(listener, guard);
    }
    return guard;
  };
  return Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: Listener, options?: AddOptions) =>
        add(type, listener && guardOf(listener), options),
    },
    removeEventListener: {
      value: (type: string, listener: Listener, options?: RemoveOptions) =>
        remove(type, listener && guardOf(listener), options),
    },
  });
}
