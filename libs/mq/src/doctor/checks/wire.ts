import type { Check } from '../check.js';

/** What the transport itself warns of at boot. */
export const wire: Check = {
  code: 'wire',
  needs: 'nothing',
  run: ({ options: { transport } }) =>
    (transport.warnings?.() ?? []).map((warning) => ({
      code: 'transport-insecure',
      severity: 'warning',
      what: warning,
      evidence: { transport: transport.name, broker: transport.identity },
      todo: 'encrypt the way to the broker: https://, or tls',
    })),
};
