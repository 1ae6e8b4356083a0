import type { Finding } from '../../../base/index.ts';

/** The three settings of a proxy, as variables or as the cluster's own configuration has them. */
export interface ProxySettings {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
}

const variables = [
  ['HTTP_PROXY', 'httpProxy'],
  ['HTTPS_PROXY', 'httpsProxy'],
  ['NO_PROXY', 'noProxy'],
] as const;

/**
 * Reports a cluster-wide proxy that the environment lacks, with the lines that set it. It is no reason to refuse:
 * etcd and the local API server are always spoken to directly; what leaves the cluster is what needs it.
 */
export function checkProxy(cluster: ProxySettings, environment: ProxySettings): readonly Finding[] {
  const lacking = variables.filter(([, name]) => isSet(cluster[name]) && !isSet(environment[name]));
  if (lacking.length === 0) return [];
  const lines = variables
    .filter(([, name]) => isSet(cluster[name]))
    .map(([variable, name]) => `export ${variable}=${shellQuoted(withoutLogin(cluster[name] ?? ''))}`);
  return [
    {
      severity: 'warning',
      code: 'BACKUP_PROXY_NOT_SET',
      where: 'proxies.config.openshift.io/cluster',
      message: `the cluster has a cluster-wide proxy, and the environment lacks ${lacking.map(([variable]) => variable).join(', ')}`,
      hint: `The backup itself needs none. For tools that download something, run:\n${lines.join('\n')}`,
    },
  ];
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** A proxy's URL may carry a password; what is printed must not. */
function withoutLogin(value: string): string {
  return value.replace(/^([a-z]+:\/\/)[^@/]*@/i, '$1<user>:<password>@');
}

function shellQuoted(value: string): string {
  return /^[\w.:/,*-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
