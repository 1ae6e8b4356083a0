import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMember, parseEndpoints } from '../../src/etcd/index.ts';
import { SeedMachine } from './seed-machine.ts';
import { namesIn, snapshotsIn, type SeedShell } from './seed-shell.ts';

/** The retention policies of OpenShift 4.17, section 5.1.3.2, in as many runs as it takes for them to matter. */

const GIB = 2 ** 30;

let machine: SeedMachine;
let shell: SeedShell;
const sh = (command: string): Promise<string> => shell.sh(command);
beforeAll(async () => {
  machine = await SeedMachine.start('sid');
  ({ shell } = machine);
  await machine.enableBackups();
  await sh('kubectl apply -f dynamic/etcd-backup-pvc.yaml');
});
afterAll(() => machine.stop());

/** A run of the schedule, now, to its end. @returns the snapshots that stand then */
async function runNow(name: string): Promise<readonly string[]> {
  await sh(`kubectl create job --from=cronjob/etcd-recurring-backup ${name} -n openshift-etcd`);
  await sh(`kubectl wait --for=condition=complete job/${name} -n openshift-etcd --timeout=100s`);
  return snapshotsIn(await sh("kubectl get pv -o jsonpath='{.items[0].spec.local.path}'"));
}

async function schedule(command: string): Promise<void> {
  await sh(command);
  await shell.untilColumn('kubectl get cronjob -n openshift-etcd', 'NAME', 'etcd-recurring-backup');
}

describe('retention by number', () => {
  it('keeps exactly as many as it is told, the newest, from the first run too many on', async () => {
    await schedule('kubectl create -f recurring-number/etcd-recurring-backups.yaml');
    const taken: string[] = [];
    for (let run = 1; run <= 7; run++) {
      const snapshots = await runNow(`run-${run}`);
      taken.push(snapshots.at(-1) ?? '');
      expect(snapshots).toEqual(taken.slice(-5));
    }
    expect(new Set(taken).size).toBe(7);
    await shell.untilColumn('kubectl get backups', 'KEPT', '5');
  });

  it('lets the objects of old runs go with their Jobs', async () => {
    const newest = ['run-3', 'run-4', 'run-5', 'run-6', 'run-7'];
    await shell.untilListed('kubectl get etcdbackups', newest);
    expect(namesIn(await sh('kubectl get jobs -l app=cluster-backup-cronjob'))).toEqual(newest);
  });

  it('never counts a single backup in the same volume', async () => {
    await sh('kubectl apply -f dynamic/etcd-single-backup.yaml');
    await sh('kubectl wait --for=condition=BackupCompleted etcdbackup/etcd-single-backup --timeout=60s');
    expect(await runNow('run-8')).toHaveLength(6);
  });

  it('ends with its Backup, and the backups stay', async () => {
    await sh('kubectl delete backup etcd-recurring-backup');
    await shell.untilNone('kubectl get cronjobs');
    await shell.untilListed('kubectl get etcdbackups', ['etcd-single-backup']);
  });
});

describe('retention by size', () => {
  it('never lets the backups have more than the limit together', async () => {
    await sh('kubectl delete etcdbackup etcd-single-backup');
    // A new volume, so that only these backups stand in it; one gigabyte, so that three of them are one too many.
    await sh('kubectl delete pvc etcd-backup-pvc');
    await shell.untilNone('kubectl get pv');
    await sh('kubectl apply -f dynamic/etcd-backup-pvc.yaml');
    await growEtcd(365);
    await schedule("sed 's/Gb: 20/Gb: 1/' recurring-size/etcd-recurring-backups.yaml | kubectl create -f -");
    const taken: string[] = [];
    for (let run = 1; run <= 3; run++) {
      const snapshots = await runNow(`sized-${run}`);
      taken.push(snapshots.at(-1) ?? '');
      expect(snapshots).toEqual(taken.slice(-2));
      const sizes = await Promise.all(snapshots.map(async (path) => (await stat(path)).size));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      expect(total).toBeLessThanOrEqual(GIB);
      // One more would be too much: what can stay, stays.
      if (run > 1) expect(total + (sizes[0] ?? 0)).toBeGreaterThan(GIB);
    }
    await machine.judgeGood(await sh("kubectl get pv -o jsonpath='{.items[0].spec.local.path}'"));
  }, 300_000);
});

/** Has the etcd for trial hold so many megabytes (10^6 bytes). */
async function growEtcd(megabytes: number): Promise<void> {
  const options = new Map(
    machine.standalone.etcd.map((option) => [
      option.slice(2, option.indexOf('=')),
      option.slice(option.indexOf('=') + 1),
    ]),
  );
  const [cacert = '', cert = '', key = ''] = ['cacert', 'cert', 'key'].map((name) => options.get(name));
  const [endpoint] = parseEndpoints(options.get('endpoints') ?? '', { tls: true });
  if (endpoint === undefined) throw new Error('there is no etcd for trial');
  const member = connectMember(endpoint, { tls: { cacert, cert, key } });
  try {
    const value = Buffer.alloc(1_000_000, 'x');
    const put = (n: number): Promise<unknown> =>
      member.kv.txn([{ put: { key: Buffer.from(`/large/${n}`), value } }], { timeoutMs: 60_000 });
    for (let n = 0; n < megabytes; n += 5) await Promise.all([n, n + 1, n + 2, n + 3, n + 4].map(put));
  } finally {
    member.close();
  }
}
