import type { CronJob, NewObject } from '../../../src/apiserver/index.ts';
import type { ApiUnderTest } from './api-under-test.ts';

/** A CronJob that no controller does anything about. */
export function suspendedCronJob(api: ApiUnderTest, name: string): NewObject<CronJob> {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace: api.namespace },
    spec: {
      schedule: '0 4 29 2 *',
      suspend: true,
      jobTemplate: {
        spec: {
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [
                {
                  name: 'main',
                  image: 'example.com/nothing:1',
                  env: [
                    { name: 'A', value: '1' },
                    { name: 'B', value: '2' },
                  ],
                },
              ],
            },
          },
        },
      },
    },
  };
}
