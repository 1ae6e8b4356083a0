#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { getAsset, isSea } from 'node:sea';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from './base/index.ts';
import { realFronts } from './fronts.ts';
import { exitCodes, Interruption, runCli, type CliEnvironment, type Terminal } from './cli/index.ts';

declare const HOLDFAST_VERSION: string;

/** The process as the commands see it: real streams, clock, signals and worker threads. */
function realEnvironment(): CliEnvironment {
  const signal = abortOnSignals();
  const { program, inspectWorker } = installation();
  return {
    version: HOLDFAST_VERSION,
    variables: process.env,
    workingFolder: process.cwd(),
    stdout: asTerminal(process.stdout),
    stderr: asTerminal(process.stderr),
    readStandardInput: () => text(process.stdin),
    ask: process.stdin.isTTY ? (question) => askAtTerminal(question, signal) : undefined,
    clock: systemClock,
    signal,
    inspectWorker,
    fronts: realFronts({ program, random: Math.random }),
  };
}

/** How this program is started again, and the script of its threads. */
function installation(): { readonly program: readonly string[]; readonly inspectWorker: URL | undefined } {
  if (isSea()) return { program: [process.execPath], inspectWorker: carriedScript('inspect-worker.js') };
  const inspectWorker = new URL('./inspect-worker.js', import.meta.url);
  return {
    program: [process.execPath, fileURLToPath(import.meta.url)],
    inspectWorker: existsSync(inspectWorker) ? inspectWorker : undefined,
  };
}

/** A script that a single-file executable carries within. Nothing is written to the disk to run it. */
function carriedScript(name: string): URL {
  return new URL(`data:text/javascript;base64,${Buffer.from(getAsset(name)).toString('base64')}`);
}

async function askAtTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal });
  } finally {
    terminal.close();
  }
}

function asTerminal(stream: NodeJS.WriteStream): Terminal {
  // A reader that goes away early (`holdfast list | head -1`) is no failure of ours.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    write: (part) => void stream.write(part),
    isTTY: stream.isTTY,
    // A terminal that does not know its size says 0.
    columns: stream.isTTY && stream.columns > 0 ? stream.columns : 80,
  };
}

/** The first signal asks for a clean end; a second one of the same kind ends the process at once, as is usual. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort(new Interruption(name)));
  return controller.signal;
}

// Young objects get no more room than at the start. The buffers of a snapshot's stream die young, but V8 would let 40 MiB
// of them pile up before it looks (docs/performance.md). The flag is read whenever that room is about to grow.
setFlagsFromString('--semi-space-growth-factor=1');
// What serves for months mostly waits: it is to hold what lives, and not what V8 has not yet got round to clearing up.
const SERVERS = ['standalone', 'operator'];
if (SERVERS.includes(process.argv[2] ?? '')) setFlagsFromString('--optimize-for-size');

// A process that runs out of work before its command is done has failed. (A single-file executable is no ES module, so
// there is no waiting at the top, which would see to that.)
process.exitCode = exitCodes.internal.code;
void runCli(process.argv.slice(2), realEnvironment()).then((code) => {
  process.exitCode = code;
});
