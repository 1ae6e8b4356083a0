import { describe, expect, it } from 'vitest';
import { checkProxy } from './proxy.ts';

const none = { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };
const cluster = {
  httpProxy: 'http://proxy.example.com:8080',
  httpsProxy: 'https://proxy.example.com:8080',
  noProxy: '.cluster.local,10.0.0.0/16',
};

describe('a cluster-wide proxy', () => {
  it('that the environment lacks is reported with the three lines to run', () => {
    const [finding] = checkProxy(cluster, none);
    expect(finding).toMatchObject({ severity: 'warning', code: 'BACKUP_PROXY_NOT_SET' });
    expect(finding?.hint).toContain(
      'export HTTP_PROXY=http://proxy.example.com:8080\nexport HTTPS_PROXY=https://proxy.example.com:8080\nexport NO_PROXY=.cluster.local,10.0.0.0/16',
    );
  });

  it('that the environment names too is not worth a word', () => {
    expect(checkProxy(cluster, { ...cluster, noProxy: 'other' })).toEqual([]);
    expect(checkProxy({ httpProxy: '', httpsProxy: undefined, noProxy: '' }, none)).toEqual([]);
  });

  it('is shown without the password that its URL may carry', () => {
    const [finding] = checkProxy({ ...none, httpProxy: 'http://joe:hunter2@proxy:8080' }, none);
    expect(JSON.stringify(finding)).not.toContain('hunter2');
    expect(finding?.hint).toContain("export HTTP_PROXY='http://<user>:<password>@proxy:8080'");
  });
});
