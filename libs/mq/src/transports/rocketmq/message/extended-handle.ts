/**
 * What Apache's proxy answers when it runs inside of a broker: where the broker's batch begins, when, for how long and in
 * which position it was taken out, the kind of its topic, broker, queue, the message's own position, a zero, and where it is stored.
 */
const OF_LOCAL_PROXY = /^\d+( \d+ \d+ \d+ \d+ \S+ \d+ (\d+) 0 \d+)$/;

/**
 * The receipt handle under which a message can be settled whose lease was changed.
 *
 * A message with a changed lease is a batch of its own, which begins with it. A proxy inside of a broker leaves the beginning
 * of the old batch in the new handle; then an acknowledgement is answered with OK, and does nothing, unless the message was the
 * first: apache/rocketmq #9583, open for 5.5.0. Other handles, such as those of a proxy by itself, stay as they are: they are
 * right, or nobody here knows them.
 */
export function extendedHandle(answered: string): string {
  return answered.replace(OF_LOCAL_PROXY, '$2$1');
}
