import { describe, expect, it, onTestFinished } from 'vitest';
import { resources } from '../apiserver/index.ts';
import { silentLog } from '../base/index.ts';
import { etcdBackups, SERIES_LABEL } from '../crd/index.ts';
import { AT_WORK, createView, type View } from './view.ts';
import { OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { waitFor } from '../../test/kit/wait-for.ts';

/** A view beside an operator, on the same cluster. */
async function viewOn(cluster: OperatorCluster): Promise<View> {
  const view = createView(cluster.api, { time: cluster.time, log: silentLog });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const informers = [view.backups, view.etcdBackups, view.cronJobs, view.jobs, view.pods];
  for (const informer of informers) void informer.run(stop.signal);
  await Promise.all(informers.map((informer) => informer.synced(stop.signal)));
  return view;
}

describe('The view of the cluster', () => {
  it('finds a backup, its Job and its pod without looking through the others', async () => {
    const cluster = new OperatorCluster();
    const view = await viewOn(cluster);
    await cluster.schedule('nightly', { schedule: '0 3 * * *' });
    const [cronJob] = cluster.cronJobs();
    if (cronJob === undefined) throw new Error('expected a CronJob');
    const run = await cluster.run(cronJob, 'nightly-1');
    await cluster.ask('nightly-1', { series: 'nightly', owner: run });
    await cluster.ask('single');
    const job = cluster.jobOf('nightly-1');
    if (job === undefined) throw new Error('expected a Job');
    const pod = await cluster.pod(job, 'Running');
    const names = (found: readonly { readonly metadata: { readonly name: string } }[]): readonly string[] =>
      found.map(({ metadata }) => metadata.name);
    await waitFor(() => view.pods.list().length > 0);
    expect(names(view.bySeries.get('nightly'))).toEqual(['nightly-1']);
    expect(names(view.byRun.get(run.metadata.uid))).toEqual(['nightly-1']);
    expect(names(view.runJobs.get('nightly'))).toEqual(['nightly-1']);
    expect(names(view.cronJobsFor.get('nightly'))).toEqual(['nightly']);
    expect(names(view.jobsFor.get('nightly-1'))).toEqual([job.metadata.name]);
    expect(names(view.jobsAtWork.get(AT_WORK))).toEqual([job.metadata.name]);
    expect(names(view.line.all)).toEqual(['nightly-1', 'single']);
    expect(names(view.pods.list())).toEqual([pod.metadata.name]);
    await cluster.api.delete(etcdBackups, { name: 'single' });
    await cluster.api.updateStatus(resources.pods, { ...pod, status: { phase: 'Succeeded' } });
    await cluster.end('nightly-1', SUCCESS);
    await waitFor(() => view.pods.list().length === 0 && view.jobsAtWork.get(AT_WORK).length === 0);
    expect(view.line.first).toBeUndefined();
    expect(view.etcdBackups.get({ name: 'nightly-1' })?.metadata.labels).toEqual({ [SERIES_LABEL]: 'nightly' });
  });

  it('keeps of Jobs what became of them, not what their pods are made from', async () => {
    const cluster = new OperatorCluster();
    const view = await viewOn(cluster);
    await cluster.ask('single');
    await cluster.end('single', SUCCESS);
    const [kept] = await waitFor(() => view.jobs.list().some(({ status }) => status?.conditions) && view.jobs.list());
    expect(kept?.spec).toEqual({ template: { spec: { containers: [] } } });
    expect(kept?.metadata).toEqual(cluster.jobs()[0]?.metadata);
    expect(kept?.status).toEqual(cluster.jobs()[0]?.status);
  });
});
