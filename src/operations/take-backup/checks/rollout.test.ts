import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../../../apiserver/index.ts';
import { checkRollout, rolloutUnknown } from './rollout.ts';

const signal = new AbortController().signal;

type State = readonly ['True' | 'False' | 'gone', string];

/** An API server whose operator `etcd` says each of these in turn, with the time of its last change; the others are quiet. */
function server(...states: readonly State[]): ApiClient {
  let asked = 0;
  return {
    server: 'https://localhost:6443',
    get: (path: string): Promise<unknown> => {
      const [status, lastTransitionTime] = path.endsWith('/etcd') ? (states[asked++] ?? ['gone', '']) : ['False', 'x'];
      if (status === 'gone') return Promise.reject(new Error('connect ECONNREFUSED'));
      return Promise.resolve({
        status: { conditions: [{ type: 'Progressing', status, message: '1 node at revision 8', lastTransitionTime }] },
      });
    },
  };
}

async function begun(...states: readonly State[]): Promise<readonly string[]> {
  const check = await checkRollout(server(...states), { signal });
  return (await check.begunSince({ signal })).map(({ code, message }) => `${code}: ${message}`);
}

describe('Operators of OpenShift', () => {
  it('that roll out are told at the start, and not a second time', async () => {
    const check = await checkRollout(server(['True', '1'], ['True', '1']), { signal });
    expect(check.findings).toMatchObject([
      {
        code: 'BACKUP_ROLLOUT_IN_PROGRESS',
        message: 'the operator etcd is rolling out a new revision (1 node at revision 8)',
      },
    ]);
    expect(await check.begunSince({ signal })).toEqual([]);
  });

  it('that are quiet for the whole backup are no obstacle', async () => {
    expect(await begun(['False', '1'], ['False', '1'])).toEqual([]);
  });

  it('that begin while it is taken overtake it, even where they have finished again', async () => {
    const told = [
      'BACKUP_ROLLOUT_BEGAN: the operator etcd has begun to roll out a new revision while the backup was taken (1 node at revision 8)',
    ];
    expect(await begun(['False', '1'], ['True', '2'])).toEqual(told);
    expect(await begun(['False', '1'], ['False', '3'])).toEqual(told);
  });

  it('that cannot be asked any more may have begun: a rollout restarts the API server too', async () => {
    expect(await begun(['False', '1'], ['gone', ''])).toEqual([expect.stringMatching(/BEGAN.*ECONNREFUSED/)]);
  });

  it('that cannot be asked at all are unknown, whoever goes on has been told', async () => {
    for (const check of [await checkRollout(server(['gone', '']), { signal }), rolloutUnknown(new Error('no'))]) {
      expect(check.findings).toMatchObject([{ code: 'BACKUP_ROLLOUT_UNKNOWN' }]);
      expect(await check.begunSince({ signal })).toEqual([]);
    }
  });
});
