import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backups } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { SeedMachine } from './seed-machine.ts';
import { namesIn, rowsOf, snapshotsIn, type SeedShell } from './seed-shell.ts';

/** What users do wrong, and what `holdfast standalone` makes of it. */

const RECURRING = 'recurring/etcd-recurring-backups.yaml';

let machine: SeedMachine;
let shell: SeedShell;
const sh = (command: string): Promise<string> => shell.sh(command);
beforeAll(async () => {
  machine = await SeedMachine.start('sid');
  ({ shell } = machine);
  await machine.enableBackups();
});
afterAll(() => machine.stop());

/** The example with another schedule or zone, to be created. */
const recurring = (change: string): string => `sed "${change}" ${RECURRING} | kubectl create -f -`;
const everyTime = (schedule: string): string => recurring(`s|schedule: '.*'|schedule: '${schedule}'|`);
const inZone = (zone: string): string => recurring(`s|timeZone: '.*'|timeZone: '${zone}'|`);

/** What the Backup says about its schedule, once it says something for this version of itself. */
function scheduled(): Promise<string> {
  return waitFor(
    async () => {
      const { metadata, status } = await machine.standalone.client.get(backups, { name: 'etcd-recurring-backup' });
      const said = status?.conditions?.find(({ type }) => type === 'Scheduled');
      return said?.observedGeneration === metadata.generation && `${said?.reason ?? ''}: ${said?.message ?? ''}`;
    },
    { timeoutMs: 60_000, what: 'a word on the schedule' },
  );
}

describe('a Backup', () => {
  it.each(['every day', '20 4 * *', '@every 1s'])(
    'is refused with the schedule %s, which is none',
    async (schedule) => {
      expect(await shell.failure(everyTime(schedule))).toContain(
        `spec.etcd.schedule: Invalid value: "${schedule}": spec.etcd.schedule in body should match`,
      );
    },
  );

  it('is refused with a time zone that cannot be one', async () => {
    expect(await shell.failure(inZone('not a zone'))).toContain(
      'spec.etcd.timeZone: Invalid value: "not a zone": spec.etcd.timeZone in body should match',
    );
  });

  it.each([
    ['61 * * * *', everyTime, 'Invalid value: "61 * * * *"'],
    ['TZ=UTC 20 4 * * *', everyTime, 'use timeZone field instead'],
    ['Mars/Olympus', inZone, 'unknown time zone Mars/Olympus'],
  ])(
    'with %s, which only looks right, says what is wrong, and gets its CronJob once it is put right',
    async (value, asked, complaint) => {
      await sh(asked(value));
      expect(await scheduled()).toMatch(/^CronJobRefused: /);
      expect(await scheduled()).toContain(complaint);
      expect(await sh('kubectl get cronjobs 2>&1')).toMatch(/^No resources found/);
      await sh(
        `kubectl patch -f ${RECURRING} --type=merge -p '{"spec":{"etcd":{"schedule":"20 4 * * *","timeZone":"UTC"}}}'`,
      );
      await shell.untilColumn('kubectl get cronjobs', 'SCHEDULE', '20 4 * * *');
      expect(await scheduled()).toMatch(/^AsAskedFor: /);
      await removeBackup();
    },
  );

  it('says so where its day never comes', async () => {
    await sh(everyTime('0 0 31 2 *'));
    expect(await scheduled()).toBe('NeverDue: no time is ever due at 0 0 31 2 *');
    await removeBackup();
  });

  it('has its CronJob follow a new schedule, and stay at the last good one', async () => {
    const change = (schedule: string): Promise<string> =>
      sh(`kubectl patch -f ${RECURRING} --type=merge -p '{"spec":{"etcd":{"schedule":"${schedule}"}}}'`);
    await sh(`kubectl create -f ${RECURRING}`);
    await shell.untilColumn('kubectl get cronjobs', 'SCHEDULE', '20 4 * * *');
    await change('40 16 * * *');
    await shell.untilColumn('kubectl get cronjobs', 'SCHEDULE', '40 16 * * *');
    await waitFor(async () => /T16:40:00Z$/.test(rowsOf(await sh('kubectl get backups'))[0]?.['NEXT RUN'] ?? ''));
    await change('99 * * * *');
    expect(await scheduled()).toMatch(/^CronJobRefused: .*; the CronJob stays at 40 16 \* \* \*$/);
    expect(rowsOf(await sh('kubectl get cronjobs'))).toMatchObject([{ SCHEDULE: '40 16 * * *' }]);
    await removeBackup();
  });

  it('tells of the claim that its runs do not find', async () => {
    await sh(`kubectl create -f ${RECURRING}`);
    await shell.untilColumn('kubectl get cronjobs', 'SCHEDULE', '20 4 * * *');
    await sh('kubectl create job --from=cronjob/etcd-recurring-backup lost');
    await shell.untilColumn('kubectl get backups', 'FAILURES', '1');
    await shell.untilDescribed('backup etcd-recurring-backup', 'lost: unable to find PVC [etcd-backup-pvc]');
    await removeBackup();
  });

  it('that goes while a run of its is at work takes the run along, and leaves no piece of it', async () => {
    await sh(recurring('s|pvcName: .*|pvcName: \\"\\"|'));
    await shell.untilColumn('kubectl get cronjobs', 'SCHEDULE', '20 4 * * *');
    await sh('kubectl create job --from=cronjob/etcd-recurring-backup before');
    await sh('kubectl wait --for=condition=complete job/before --timeout=100s');
    const place = join(machine.standalone.folder, 'default');
    const [taken = ''] = await snapshotsIn(place);
    const etcd = await machine.etcdPid();
    process.kill(etcd, 'SIGSTOP');
    try {
      await sh('kubectl create job --from=cronjob/etcd-recurring-backup during');
      await waitFor(async () => (await machine.containerPids()).length === 2, {
        timeoutMs: 60_000,
        what: 'a run at work',
      });
      await sh('kubectl delete backup etcd-recurring-backup');
      await shell.untilNone('kubectl get cronjobs,jobs,pods,etcdbackups');
      await waitFor(async () => (await machine.containerPids()).length === 0, {
        timeoutMs: 60_000,
        what: 'no run at work',
      });
    } finally {
      process.kill(etcd, 'SIGCONT');
    }
    expect(await snapshotsIn(place)).toEqual([taken]);
    expect((await readdir(place, { recursive: true })).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

async function removeBackup(): Promise<void> {
  await sh(`kubectl delete -f ${RECURRING}`);
  await shell.untilNone('kubectl get cronjobs,jobs,pods,etcdbackups');
}

describe('an EtcdBackup', () => {
  it('fails at once, in the words of OpenShift, where its claim is not there', async () => {
    await sh('kubectl apply -f dynamic/etcd-single-backup.yaml');
    await shell.untilColumn('kubectl get etcdbackups', 'STATUS', 'BackupFailed');
    await shell.untilDescribed('etcdbackup etcd-single-backup', 'unable to find PVC [etcd-backup-pvc]');
    expect(rowsOf(await sh('kubectl get etcdbackups -o wide'))).toMatchObject([{ REASON: 'OPERATOR_CLAIM_NOT_FOUND' }]);
  });

  it('stays with its claim', async () => {
    expect(
      await shell.failure("sed 's/: etcd-backup-pvc/: another/' dynamic/etcd-single-backup.yaml | kubectl apply -f -"),
    ).toContain('spec.pvcName: Invalid value: "another": pvcName is immutable once set');
    await sh('kubectl delete -f dynamic/etcd-single-backup.yaml');
  });
});

describe('two default classes of storage', () => {
  it('give a claim the newer one', async () => {
    const second =
      'kubectl get sc holdfast-folders -o yaml | sed -e "s/name: holdfast-folders/name: another-class/" -e /resourceVersion:/d -e /uid:/d -e /creationTimestamp:/d | kubectl create -f -';
    await sh(second);
    expect(namesIn(await sh('kubectl get sc'))).toEqual(['another-class (default)', 'holdfast-folders (default)']);
    await sh('kubectl apply -f dynamic/etcd-backup-pvc.yaml');
    await sh('kubectl apply -f dynamic/etcd-single-backup.yaml');
    await shell.untilColumn('kubectl get etcdbackups', 'STATUS', 'BackupCompleted');
    expect(rowsOf(await sh('kubectl get pvc'))).toMatchObject([{ STATUS: 'Bound', STORAGECLASS: 'another-class' }]);
    await sh('kubectl delete -f dynamic/etcd-single-backup.yaml -f dynamic/etcd-backup-pvc.yaml');
    await sh('kubectl delete sc another-class');
  });
});
