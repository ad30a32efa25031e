/** The least that a transport takes for a message. */
export const message = {
  topic: 'orders',
  instanceId: null,
  tag: null,
  key: 'k',
  body: '{}',
  properties: {},
  deliverAt: null,
  orderingKey: null,
};
