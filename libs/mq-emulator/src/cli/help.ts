export const HELP = `A local server for the MQ HTTP wire format (Message Queue for Apache RocketMQ). Loopback only.

Usage: npx nestjs-reliable-mq emulator [options]
       npm run emulator -- [options]             in its own repository

  --port N                 port on 127.0.0.1; 0 picks a free one            (9877)
  --data DIR               messages survive restarts, also after SIGKILL    (in memory)
  --access-key-id ID       what clients must sign with                      (test)
  --access-key-secret S                                                     (test)
  --config FILE            JSON: declared instances, topics and groups;
                           anything else answers 404                        (everything exists)
  --invisible D            until a message that was not acked comes back    (5m)
  --invisible-ordered D    the same for ordered consumption                 (1m)
  --max-attempts N         deliveries until a message is a dead letter      (289)
  --start-from WHERE       where a new group begins to read: "beginning",
                           or "end" as the real service does                (beginning)
  --retention D            how long a message is kept at most               (3d)
  --help                   this text

A duration D is milliseconds or 500ms, 10s, 5m, 1h, 7d.
When ready it prints one line of JSON on stdout: {"event":"listening","endpoint":"http://127.0.0.1:9877"}.
SIGTERM and SIGINT end it with exit code 0. State and faults: GET /_emulator/state, PUT /_emulator/faults.
`;
