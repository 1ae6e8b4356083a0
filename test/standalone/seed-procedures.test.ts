import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newestRelease, succeed, waitFor } from '../kit/index.ts';
import { SeedMachine } from './seed-machine.ts';
import { columnsOf, rowsOf, snapshotsIn, type SeedShell } from './seed-shell.ts';

/**
 * The procedures of OpenShift 4.17, section 5.1.3, as examples/automated-backups has them, typed as they stand there, with
 * kubectl in oc's place.
 */

/** As the README of the examples has it. */
const onMaster0 = (variant: string): string =>
  `sed 's/<example_master_node>/master-0/' ${variant}/etcd-backup-pv-fs.yaml | kubectl apply -f -`;
const ofTheLocalClass = (variant: string): string =>
  `sed 's/^  # storageClassName/  storageClassName/' ${variant}/etcd-backup-pvc.yaml | kubectl apply -f -`;

describe('on one machine, with the newest kubectl', () => {
  let machine: SeedMachine;
  let shell: SeedShell;
  const sh = (command: string): Promise<string> => shell.sh(command);
  beforeAll(async () => {
    machine = await SeedMachine.start('sid');
    ({ shell } = machine);
    const etcdctl = [join(newestRelease().folder, 'etcdctl'), ...machine.standalone.etcd];
    await succeed([...etcdctl, 'put', 'what-is-backed-up', 'this']);
  });
  afterAll(() => machine.stop());

  describe('enabling automated backups', () => {
    it('has nothing to enable backups with before: no definition, no kind', async () => {
      expect(await sh('kubectl get crd | grep backup || true')).toBe('');
      expect(await shell.failure('kubectl apply -f dynamic/etcd-single-backup.yaml')).toContain(
        'no matches for kind "EtcdBackup" in version "operator.openshift.io/v1alpha1"',
      );
    });

    it('makes both definitions appear once the feature set is applied', async () => {
      expect(await machine.enableBackups()).toMatch(
        /^backups\.config\.openshift\.io +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\netcdbackups\.operator\.openshift\.io +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/,
      );
    });

    it('cannot be undone, and says so', async () => {
      const patch = (featureSet: string): Promise<string> =>
        shell.failure(`kubectl patch featuregate cluster --type=merge -p '{"spec":{"featureSet":${featureSet}}}'`);
      expect(await patch('""')).toContain('TechPreviewNoUpgrade may not be changed');
      expect(await patch('null')).toContain('.spec.featureSet cannot be removed');
      expect(await sh('kubectl get featuregate cluster -o jsonpath={.spec.featureSet}')).toBe('TechPreviewNoUpgrade');
      expect(await sh('kubectl delete featuregate cluster')).toContain('deleted');
      await waitFor(
        async () =>
          (await sh('kubectl get featuregate cluster -o jsonpath={.spec.featureSet}')) === 'TechPreviewNoUpgrade',
        { timeoutMs: 60_000, what: 'the feature gate that comes back' },
      );
    });

    it('explains the two kinds', async () => {
      expect(await sh('kubectl explain backup.spec.etcd')).toMatch(/pvcName\t<string>[\s\S]*retentionPolicy\t<Object>/);
      expect(await sh('kubectl explain etcdbackup.spec.pvcName')).toContain('PersistentVolumeClaim');
    });
  });

  describe('a single backup to storage that is provisioned dynamically', () => {
    it('has a claim that stays Pending until something mounts it', async () => {
      expect(await sh('kubectl apply -f dynamic/etcd-backup-pvc.yaml')).toBe(
        'persistentvolumeclaim/etcd-backup-pvc created\n',
      );
      const table = await sh('kubectl get pvc');
      expect(columnsOf(table)).toEqual(
        expect.arrayContaining(['NAME', 'STATUS', 'VOLUME', 'CAPACITY', 'ACCESS MODES', 'STORAGECLASS', 'AGE']),
      );
      expect(rowsOf(table)).toMatchObject([{ NAME: 'etcd-backup-pvc', STATUS: 'Pending', VOLUME: '', CAPACITY: '' }]);
      await shell.untilDescribed('pvc etcd-backup-pvc', 'waiting for first consumer to be created before binding');
      expect(await sh('kubectl get pv 2>&1')).toBe('No resources found\n');
    });

    it('is taken when it is applied, and binds the claim', async () => {
      expect(await sh('kubectl apply -f dynamic/etcd-single-backup.yaml')).toBe(
        'etcdbackup.operator.openshift.io/etcd-single-backup created\n',
      );
      await sh('kubectl wait --for=condition=BackupCompleted etcdbackup/etcd-single-backup --timeout=60s');
      const [claim] = rowsOf(await sh('kubectl get pvc'));
      expect(claim).toMatchObject({ STATUS: 'Bound', CAPACITY: '200Gi', 'ACCESS MODES': 'RWO' });
      expect(rowsOf(await sh('kubectl get pv'))).toMatchObject([
        {
          ...{ NAME: claim?.['VOLUME'], CAPACITY: '200Gi', 'ACCESS MODES': 'RWO', 'RECLAIM POLICY': 'Delete' },
          ...{ STATUS: 'Bound', CLAIM: 'openshift-etcd/etcd-backup-pvc', STORAGECLASS: 'holdfast-folders' },
        },
      ]);
    });

    it('shows what became of it in a line, at length and in the log of its Job', async () => {
      const table = await sh('kubectl get etcdbackups');
      expect(columnsOf(table)).toEqual(['NAME', 'STATUS', 'REVISION', 'SIZE', 'SECONDS', 'AGE']);
      expect(rowsOf(table)).toMatchObject([{ NAME: 'etcd-single-backup', STATUS: 'BackupCompleted', REVISION: '2' }]);
      expect(columnsOf(await sh('kubectl get etcdbackups -o wide')).slice(6)).toEqual(['PVC', 'FOLDER', 'REASON']);
      const job = await sh('kubectl get etcdbackup etcd-single-backup -o jsonpath={.status.backupJob.name}');
      const described = await sh('kubectl describe etcdbackup etcd-single-backup');
      expect(described).toMatch(/Type: +BackupCompleted/);
      expect(described).toMatch(new RegExp(`BackupStarted .*Executing job ${job} to save the backup`));
      expect(described).toMatch(/BackupCompleted .*: revision 2, hash \d+, /);
      expect(await sh(`kubectl logs job/${job}`)).toContain('snapshot db is successfully saved to ');
    });

    it('leaves a snapshot in the volume that etcd itself judges good, and restores', async () => {
      const path = await sh("kubectl get pv -o jsonpath='{.items[0].spec.local.path}'");
      await machine.judgeGood(path);
      expect((await readdir(path)).length).toBe(1);
    });

    it('goes with its Job, while the files stay; the folder goes with its claim', async () => {
      const path = await sh("kubectl get pv -o jsonpath='{.items[0].spec.local.path}'");
      await sh('kubectl delete etcdbackup etcd-single-backup');
      await shell.untilNone('kubectl get jobs,pods');
      expect(await snapshotsIn(path)).toHaveLength(1);
      await sh('kubectl delete pvc etcd-backup-pvc');
      await shell.untilNone('kubectl get pv');
      expect(existsSync(path)).toBe(false);
    });
  });

  describe('a single backup to a folder of one node', () => {
    it('wants the name of a node in the volume', async () => {
      await sh('kubectl apply -f local/etcd-backup-local-storage.yaml');
      expect(await shell.failure('kubectl apply -f local/etcd-backup-pv-fs.yaml')).toContain(
        'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid value: "<example_master_node>"',
      );
      expect(rowsOf(await sh('kubectl get nodes'))).toMatchObject([{ NAME: 'master-0', STATUS: 'Ready' }]);
    });

    it('has a volume that is Available until it is claimed', async () => {
      await sh(onMaster0('local'));
      await shell.untilColumn('kubectl get pv', 'STATUS', 'Available');
      expect(rowsOf(await sh('kubectl get pv'))).toMatchObject([
        {
          ...{ NAME: 'etcd-backup-pv-fs', CAPACITY: '100Gi', 'ACCESS MODES': 'RWO', 'RECLAIM POLICY': 'Retain' },
          ...{ CLAIM: '', STORAGECLASS: 'etcd-backup-local-storage', REASON: '' },
        },
      ]);
    });

    it('has a claim that, as the section writes it, gets storage of the default class', async () => {
      await sh('kubectl apply -f local/etcd-backup-pvc.yaml');
      expect(rowsOf(await sh('kubectl get pvc'))).toMatchObject([
        { STATUS: 'Pending', STORAGECLASS: 'holdfast-folders' },
      ]);
      await sh('kubectl delete -f local/etcd-backup-pvc.yaml');
    });

    it('has a claim that is bound to the volume once it names the class', async () => {
      await sh(ofTheLocalClass('local'));
      await shell.untilColumn('kubectl get pvc', 'STATUS', 'Bound');
      expect(rowsOf(await sh('kubectl get pvc'))).toMatchObject([
        { VOLUME: 'etcd-backup-pv-fs', CAPACITY: '100Gi', STORAGECLASS: 'etcd-backup-local-storage' },
      ]);
    });

    it('is taken to the folder', async () => {
      await sh('kubectl apply -f local/etcd-single-backup.yaml');
      await sh('kubectl wait --for=condition=BackupCompleted etcdbackup/etcd-single-backup --timeout=60s');
      await machine.judgeGood(shell.mnt);
    });

    it('keeps the folder and the volume when the claim goes', async () => {
      await sh('kubectl delete etcdbackup etcd-single-backup');
      await sh('kubectl delete -f local/etcd-backup-pvc.yaml');
      await shell.untilColumn('kubectl get pv', 'STATUS', 'Released');
      expect(await snapshotsIn(shell.mnt)).toHaveLength(1);
      await sh('kubectl delete pv etcd-backup-pv-fs');
      await sh('kubectl delete -f local/etcd-backup-local-storage.yaml');
    });
  });

  describe('recurring backups', () => {
    it('have a dynamic claim that, as the section writes it, stays Pending, and says why', async () => {
      await sh('kubectl apply -f recurring-dynamic/etcd-backup-pvc.yaml');
      expect(rowsOf(await sh('kubectl get pvc'))).toMatchObject([
        { STATUS: 'Pending', STORAGECLASS: 'etcd-backup-local-storage' },
      ]);
      await shell.untilDescribed('pvc etcd-backup-pvc', '"etcd-backup-local-storage" not found');
      await sh('kubectl delete -f recurring-dynamic/etcd-backup-pvc.yaml');
    });

    it('have a local claim that is bound to a volume of its class', async () => {
      await sh('kubectl apply -f recurring-local/etcd-backup-local-storage.yaml');
      await sh(onMaster0('recurring-local'));
      expect(rowsOf(await sh('kubectl get pv'))).toMatchObject([{ 'ACCESS MODES': 'RWX', 'RECLAIM POLICY': 'Delete' }]);
      await sh('kubectl apply -f recurring-local/etcd-backup-pvc.yaml');
      await shell.untilColumn('kubectl get pvc', 'STATUS', 'Bound');
      expect(rowsOf(await sh('kubectl get pv'))).toMatchObject([{ CLAIM: 'openshift-etcd/etcd-backup-pvc' }]);
    });

    it('get a CronJob', async () => {
      expect(await sh('kubectl create -f recurring/etcd-recurring-backups.yaml')).toBe(
        'backup.config.openshift.io/etcd-recurring-backup created\n',
      );
      await shell.untilColumn('kubectl get cronjob -n openshift-etcd', 'NAME', 'etcd-recurring-backup');
      const table = await sh('kubectl get cronjob -n openshift-etcd');
      expect(columnsOf(table)).toEqual(['NAME', 'SCHEDULE', 'TIMEZONE', 'SUSPEND', 'ACTIVE', 'LAST SCHEDULE', 'AGE']);
      expect(rowsOf(table)).toMatchObject([
        { SCHEDULE: '20 4 * * *', TIMEZONE: 'UTC', SUSPEND: 'False', ACTIVE: '0', 'LAST SCHEDULE': '<none>' },
      ]);
    });

    it('say when the next one is due', async () => {
      const table = 'kubectl get backups';
      await waitFor(async () => /T04:20:00Z$/.test(rowsOf(await sh(table))[0]?.['NEXT RUN'] ?? ''));
      expect(columnsOf(await sh(table))).toEqual([
        'NAME',
        'SCHEDULE',
        'LAST SUCCESS',
        'FAILURES',
        'NEXT RUN',
        'KEPT',
        'AGE',
      ]);
      await shell.untilDescribed(
        'backup etcd-recurring-backup',
        'the CronJob openshift-etcd/etcd-recurring-backup runs at 20 4 * * *',
      );
    });

    it('run when somebody asks the CronJob to, out of turn', async () => {
      const before = await snapshotsIn(shell.mnt);
      await sh('kubectl create job --from=cronjob/etcd-recurring-backup now -n openshift-etcd');
      await sh('kubectl wait --for=condition=complete job/now -n openshift-etcd --timeout=60s');
      expect(rowsOf(await sh('kubectl get etcdbackups'))).toMatchObject([{ NAME: 'now', STATUS: 'BackupCompleted' }]);
      expect(await snapshotsIn(shell.mnt)).toHaveLength(before.length + 1);
      await shell.untilColumn('kubectl get backups', 'KEPT', '1');
      expect(await sh('kubectl logs job/now -n openshift-etcd')).toContain('now');
      await machine.judgeGood(shell.mnt);
    });

    it('end with their Backup: the CronJob and its runs go, the backups stay', async () => {
      const before = await snapshotsIn(shell.mnt);
      await sh('kubectl delete backup etcd-recurring-backup');
      await shell.untilNone('kubectl get cronjobs,jobs,pods,etcdbackups');
      expect(await snapshotsIn(shell.mnt)).toEqual(before);
    });

    it('leave the folder alone when a claim with the policy Delete goes', async () => {
      await sh('kubectl delete -f recurring-local/etcd-backup-pvc.yaml');
      await shell.untilColumn('kubectl get pv', 'STATUS', 'Failed');
      await shell.untilDescribed('pv etcd-backup-pv-fs', 'no deletable volume plugin matched');
      expect(await snapshotsIn(shell.mnt)).toHaveLength(2);
    });
  });
});

describe.each(['bookworm', 'trixie'] as const)('with the kubectl of %s, every file', (suite) => {
  let machine: SeedMachine;
  let shell: SeedShell;
  const sh = (command: string): Promise<string> => shell.sh(command);
  beforeAll(async () => {
    machine = await SeedMachine.start(suite);
    ({ shell } = machine);
  });
  afterAll(() => machine.stop());

  it('is applied and shown', async () => {
    await machine.enableBackups();
    await sh('kubectl apply -f dynamic/etcd-backup-pvc.yaml');
    await sh('kubectl apply -f dynamic/etcd-single-backup.yaml');
    await shell.untilColumn('kubectl get etcdbackups', 'STATUS', 'BackupCompleted');
    expect(rowsOf(await sh('kubectl get pvc'))).toMatchObject([{ STATUS: 'Bound' }]);
    await sh('kubectl delete -f dynamic/etcd-single-backup.yaml -f dynamic/etcd-backup-pvc.yaml');
    for (const variant of ['local', 'recurring-local']) {
      await sh(`kubectl apply -f ${variant}/etcd-backup-local-storage.yaml`);
      await sh(onMaster0(variant));
      await shell.untilColumn('kubectl get pv etcd-backup-pv-fs', 'STATUS', 'Available');
      await sh(ofTheLocalClass(variant));
      await shell.untilColumn('kubectl get pvc', 'STATUS', 'Bound');
      if (variant === 'local') {
        await sh('kubectl apply -f local/etcd-single-backup.yaml');
        await shell.untilColumn('kubectl get etcdbackups', 'STATUS', 'BackupCompleted');
        await sh('kubectl delete -f local/etcd-single-backup.yaml');
      }
      await sh(`kubectl delete -f ${variant}/etcd-backup-pvc.yaml`);
      await sh('kubectl delete pv etcd-backup-pv-fs');
    }
    await sh('kubectl apply -f recurring-dynamic/etcd-backup-pvc.yaml');
    for (const variant of ['recurring', 'recurring-number', 'recurring-size']) {
      await sh(`kubectl create -f ${variant}/etcd-recurring-backups.yaml`);
      await shell.untilColumn('kubectl get cronjob -n openshift-etcd', 'SCHEDULE', '20 4 * * *');
      await sh(`kubectl delete -f ${variant}/etcd-recurring-backups.yaml`);
      await shell.untilNone('kubectl get cronjobs');
    }
  });
});
