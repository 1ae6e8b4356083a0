import { restoreMember } from '../../src/snapshot/restore/index.ts';

/**
 * Restores a member in a process of its own, which kills itself when its restore asks for the nth time whether it should
 * stop: it asks between its steps.
 *
 *   node restore-program.js <snapshot> <data dir> <wal dir or ''> <n, 0 for never>
 */
const [snapshotPath = '', dataDir = '', walDir = '', nth = '0'] = process.argv.slice(2);

const { signal } = new AbortController();
let asked = 0;
Object.defineProperty(signal, 'throwIfAborted', {
  value: () => {
    asked++;
    if (asked === Number(nth)) process.kill(process.pid, 'SIGKILL');
  },
});

const options = { snapshotPath, dataDir, id: `run-${nth}`, signal };
try {
  await restoreMember(walDir === '' ? options : { ...options, walDir });
} catch (error) {
  console.log(JSON.stringify(error, ['code', 'message', 'hint']));
  process.exitCode = 1;
}
