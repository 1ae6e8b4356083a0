import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdfast, startControlPlane } from '../kit/index.ts';

describe.each(['k3s', 'rke2'] as const)('on a %s server', (layout) => {
  it('the procedure of its own program is printed with everything filled in, once backup and token are found good', async () => {
    await using plane = await startControlPlane({ layout });
    const backup = plane.place('backups');
    const taken = await plane.backup(backup);
    expect(taken.code, taken.stderr).toBe(0);
    const restore = (): ReturnType<typeof holdfast> => holdfast('restore', 'host', backup, '--host-root', plane.root);

    const run = await restore();
    expect(run.code, run.stderr).toBe(0);
    const data = `/var/lib/rancher/${layout}`;
    expect(run.stdout).toContain(`${layout} server --cluster-reset --cluster-reset-restore-path=${backup}/snapshot_`);
    expect(run.stdout).toContain(`--token="$(sudo cat ${data}/server/token)"`);
    expect(run.stdout).toContain('nothing was changed');

    const secret = 'ab'.repeat(20);
    await writeFile(join(plane.root, data, 'server/token'), `K10${'cd'.repeat(32)}::server:${secret}\n`);
    const refused = await restore();
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toContain('RECOVERY_TOKEN_DIFFERS');
    expect(refused.stdout + refused.stderr).not.toContain(secret);
  });
});
