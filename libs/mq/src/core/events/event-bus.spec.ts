import { MqEvents } from './event-bus.js';

describe('MqEvents', () => {
  const event = { table: 'sent', count: 1, durationMs: 1 } as const;

  it('goes on after a listener that throws, and after one that rejects', async () => {
    const events = new MqEvents();
    const heard: string[] = [];
    const rejections: unknown[] = [];
    const note = (error: unknown): void => void rejections.push(error);
    process.on('unhandledRejection', note);
    events.on('rows.pruned', () => {
      throw new Error('mistake');
    });
    events.on('rows.pruned', (async () => Promise.reject(new Error('later mistake'))) as () => void);
    events.on('rows.pruned', ({ count }) => heard.push(`by name ${count}`));
    events.onAny((name) => heard.push(name));
    events.emit('rows.pruned', event);
    expect(heard).toEqual(['by name 1', 'rows.pruned']);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });

  it('ends an emit also when each listener subscribes another one, which hears the next', () => {
    const events = new MqEvents();
    let heard = 0;
    const listen = (): void => {
      heard++;
      events.on('rows.pruned', () => listen());
    };
    events.on('rows.pruned', listen);
    events.emit('rows.pruned', event);
    expect(heard).toBe(1);
    events.emit('rows.pruned', event);
    expect(heard).toBe(3);
  });

  it('calls a listener once, however often it subscribed', () => {
    const events = new MqEvents();
    let heard = 0;
    const listener = (): void => void heard++;
    events.on('rows.pruned', listener);
    events.on('rows.pruned', listener);
    events.emit('rows.pruned', event);
    expect(heard).toBe(1);
  });

  it('forgets whom it was told to forget', () => {
    const events = new MqEvents();
    let heard = 0;
    const forget = events.on('rows.pruned', () => heard++);
    forget();
    events.emit('rows.pruned', event);
    expect(heard).toBe(0);
  });
});
