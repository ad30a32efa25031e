export const TOPIC = 'soak_events';
export const GROUP = 'GID_soak';
