import { expect, it } from 'vitest';
import { parseEnvFile } from './env-file.ts';
import { listenEndpoints } from './etcd-endpoints.ts';

it('reads the lines that the etcd operator writes, and nothing is run', () => {
  const text =
    'export A="one two"\nB=plain\n  export C=\'it $(rm)\'\nexport D="a \\"quoted\\" \\\\ one"\n# no\nexport E=\n1F=x\n';
  expect(Object.fromEntries(parseEnvFile(text))).toEqual({
    A: 'one two',
    B: 'plain',
    C: 'it $(rm)',
    D: 'a "quoted" \\ one',
    E: '',
  });
});

it.each([
  ['https://127.0.0.1:2379,https://10.0.0.5:2379', undefined, 'https://127.0.0.1:2379'],
  ['https://10.0.0.5:2379,https://[::1]:2379', undefined, 'https://[::1]:2379'],
  ['https://0.0.0.0:2379', 'https://10.0.0.5:2379', 'https://10.0.0.5:2379'],
  ['https://[::]:2379', undefined, 'https://127.0.0.1:2379'],
  ['https://10.0.0.5:2379', undefined, 'https://10.0.0.5:2379'],
  [undefined, undefined, 'https://127.0.0.1:2379'],
])('a member that listens on %s and advertises %s is reached at %s', (listen, advertise, endpoint) => {
  expect(listenEndpoints(listen, advertise)).toEqual([endpoint]);
});
