import type { Connection } from '../boot/connections.js';
import { pausable, targetOf } from './target-of.js';

const connectionOf = (connection: string, topics: string[], groups: string[]): Connection => {
  const options = {
    topics: new Map(topics.map((name) => [name, {}])),
    groups: new Map(groups.map((name) => [name, {}])),
  };
  return { connection, runtime: { options } } as unknown as Connection;
};
const shop = connectionOf('default', ['orders'], ['stock', 'mail']);
const billing = connectionOf('billing', ['orders', 'bills'], ['books']);
const find = (typed: string) => targetOf([shop, billing], typed, ({ runtime }) => pausable(runtime.options)).connection;

it('finds the connection that has the topic or the group', () => {
  expect(find('group:stock')).toBe('default');
  expect(find('topic:bills')).toBe('billing');
});

it('names the nearest of all for what nobody has, and all of them where none is near, as without its kind', () => {
  expect(() => find('group:stok')).toThrow('there is no topic or group "group:stok". The nearest is: group:stock');
  // Nothing is near enough to be a slip of the pen.
  expect(() => find('bills')).toThrow(/ Known: .*topic:bills/);
});

it('asks which one is meant where several have it', () => {
  expect(() => find('topic:orders')).toThrow(
    'several connections have topic:orders: say which with --connection: default, billing',
  );
});
