import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultList } from '../faults/fault-list.js';
import { parseFaults } from '../faults/parse-faults.js';
import { readBody } from './read-body.js';

export const CONTROL_PREFIX = '/_emulator/';

// A page in a browser that had its own name resolved to 127.0.0.1 gets no further than this.
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** The control endpoint: state and faults, as JSON. */
export class Control {
  constructor(
    private readonly faults: FaultList,
    private readonly state: () => unknown,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').slice(CONTROL_PREFIX.length).split('?')[0];
    const action = `${request.method} ${path}`;
    if (!LOOPBACK_HOST.test(request.headers.host ?? '')) {
      return send(response, 403, { error: 'The control endpoint answers requests for a loopback address only.' });
    }
    switch (action) {
      case 'GET state':
        return send(response, 200, this.state());
      case 'GET faults':
        return send(response, 200, this.faults.list());
      case 'PUT faults':
        return this.replaceFaults(request, response);
      case 'DELETE faults':
        this.faults.replace([]);
        return send(response, 200, []);
      default:
        return send(response, 404, {
          error: `There is no ${action} here: GET state, GET faults, PUT faults and DELETE faults below ${CONTROL_PREFIX}`,
        });
    }
  }

  private async replaceFaults(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.faults.replace(parseFaults(JSON.parse((await readBody(request)).toString('utf8'))));
    } catch (error) {
      return send(response, 400, { error: (error as Error).message });
    }
    return send(response, 200, this.faults.list());
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
