import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, silentProgress, systemClock } from '../../src/base/index.ts';
import {
  restoreHost,
  rollBackHost,
  type RecordEvent,
  type RestoreHostRequest,
  type RestoreSurroundings,
} from '../../src/operations/index.ts';
import { restoreMember } from '../../src/snapshot/index.ts';

/**
 * A restore, or with `--rollback` in the place of the backup a rollback, that ends by SIGKILL right after the record that the
 * third argument describes is on the disk: `beginning` and `ending`, the first one that a step is begun or ended, or its kind and
 * the beginning of its step, as in `done save /etc/kubernetes/pki`.
 *
 * Arguments: host root, backup, where to die.
 */
const [hostRoot = '', backup = '', deathAt = ''] = process.argv.slice(2);

function onRecord({ kind, step }: RecordEvent): void {
  const record = `${kind} ${step}`;
  const isDue =
    (deathAt === 'beginning' && (kind === 'begin' || kind === 'undo')) ||
    (deathAt === 'ending' && (kind === 'done' || kind === 'undone')) ||
    (deathAt !== '' && record.startsWith(deathAt));
  if (isDue) process.kill(process.pid, 'SIGKILL');
}

const surroundings: RestoreSurroundings = {
  clock: systemClock,
  log: silentLog,
  progress: silentProgress,
  signal: new AbortController().signal,
  tool: { name: 'holdfast', version: '0.0.0' },
  runFolder: join(tmpdir(), 'holdfast-killed-run'),
  inspectWorker: undefined,
  restoreMember,
  onRecord,
};

const request: RestoreHostRequest = {
  hostRoot,
  path: backup,
  resourcesDir: undefined,
  layout: 'auto',
  snapshotOnly: false,
  dataDir: undefined,
  overrides: new Set(),
  timeoutMs: 60_000,
  waitApiServer: true,
  dryRun: false,
  confirm: () => Promise.resolve(true),
};

await (backup === '--rollback' ? rollBackHost(request, surroundings) : restoreHost(request, surroundings));
