import { describe, expect, it } from 'vitest';
import { systemTime } from '../base/index.ts';
import { openKubeClient } from './open-kube-client.ts';

const how = { time: systemTime, userAgent: 'test' };

describe('openKubeClient', () => {
  it('takes the service account of its pod where no kubeconfig is named, and says what is missing outside of one', async () => {
    await expect(openKubeClient({ ...how, kubeconfig: undefined, variables: {} })).rejects.toMatchObject({
      code: 'APISERVER_KUBECONFIG_MISSING',
      subject: 'KUBERNETES_SERVICE_HOST',
    });
  });

  it('takes the kubeconfig that is named, whatever pod it runs in', async () => {
    const variables = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };
    await expect(openKubeClient({ ...how, kubeconfig: '/no/such/kubeconfig', variables })).rejects.toMatchObject({
      code: 'APISERVER_KUBECONFIG_MISSING',
      message: expect.stringContaining('/no/such/kubeconfig') as string,
    });
  });
});
