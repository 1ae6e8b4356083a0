import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Kills what the kit started when this process ends, however it ends (a test runner's worker may be killed). A shell
 * holds the list of process ids and reads from a pipe; the pipe's end is the end of this process.
 */
const GUARD = `
trap '' INT TERM HUP
alive=
while read -r verb pid; do
  rest=
  for known in $alive; do [ "$known" = "$pid" ] || rest="$rest $known"; done
  alive=$rest
  [ "$verb" = drop ] || alive="$alive $pid"
done
[ -z "$alive" ] || kill -9 $alive 2>/dev/null
`;

let guard: ChildProcess | undefined;

/** Has the process killed with this one, until it has ended. */
export function guarded(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  guard ??= startGuard();
  guard.stdin?.write(`add ${pid}\n`);
  child.once('exit', () => guard?.stdin?.write(`drop ${pid}\n`));
}

function startGuard(): ChildProcess {
  const started = spawn('sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'] });
  started.unref();
  // A pipe would keep this process alive; Node's pipes to children are sockets.
  const { stdin } = started;
  if (stdin instanceof Socket) stdin.unref();
  stdin.on('error', () => undefined);
  return started;
}
