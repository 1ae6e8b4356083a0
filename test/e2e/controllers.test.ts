import { rm } from 'node:fs/promises';
import { describe } from 'vitest';
import { systemTime } from '../../src/base/index.ts';
import { makeTemporaryFolder } from '../kit/index.ts';
import { StandInJobKubelet } from '../kit/stand-in-job-kubelet.ts';
import { describeControllers, type OpenedCluster } from './controllers.ts';
import { openEngineCluster } from './open-engine.ts';

describe('On the embedded engine the operator', () => {
  describeControllers(openEngineCluster);
});

/** A kubeconfig with an administrator's rights: the same specifications for the API server that it names. */
const named = process.env['HOLDFAST_E2E_KUBECONFIG'];

if (named !== undefined)
  describe('On the API server that HOLDFAST_E2E_KUBECONFIG names the operator', () => {
    describeControllers(async (): Promise<OpenedCluster> => {
      const folder = await makeTemporaryFolder();
      const nodeName = 'holdfast-stand-in';
      const kubelet = await StandInJobKubelet.start({
        kubeconfig: named,
        folder,
        nodeName,
        namespace: 'openshift-etcd',
      });
      return {
        kubeconfig: named,
        nodeName,
        time: systemTime,
        async close() {
          await kubelet.stop();
          await rm(folder, { recursive: true, force: true });
        },
      };
    });
  });
