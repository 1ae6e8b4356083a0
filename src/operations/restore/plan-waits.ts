import type { StaticPodName } from '../../host/index.ts';
import type { KnownHost } from './learn-host.ts';
import type { Step } from './step.ts';

/** Where the API server listens unless it is told otherwise (`--secure-port`). */
const API_SERVER_PORT = 6443;

interface StopFacts {
  readonly known: KnownHost;
  readonly pods: readonly StaticPodName[];
}

/** Waits until the pods are gone, before anything is moved. */
export function stoppedStep(facts: StopFacts): Step {
  return {
    id: 'stopped',
    text: `wait until ${facts.pods.join(', ')} have stopped, the ports are free and nothing has ${facts.known.dataDir} open`,
    action: waitStopped(facts, 'forward'),
  };
}

/** Does nothing on the way forward; on the way back it keeps data from being moved under a running etcd. */
export function barrierStep(facts: StopFacts): Step {
  return {
    id: 'barrier',
    text: 'from here on the new control plane starts; a rollback waits until it has stopped',
    action: waitStopped(facts, 'undo'),
  };
}

function waitStopped({ known, pods }: StopFacts, when: 'forward' | 'undo'): Step['action'] {
  const { listenClientUrls, listenPeerUrls } = known.member;
  const urls = [...listenClientUrls, ...listenPeerUrls, ...(known.host.etcd?.endpoints.slice(0, 1) ?? [])];
  const ofEtcd = [...new Map(urls.flatMap(addressOf).map((each) => [`${each.host}:${each.port}`, each])).values()];
  return {
    kind: 'wait-stopped',
    when,
    pods: [...pods],
    dataDir: known.dataDir,
    addresses: [
      ...ofEtcd.map((address) => ({ pod: 'etcd' as const, ...address })),
      { pod: 'kube-apiserver', host: '127.0.0.1', port: API_SERVER_PORT },
    ],
  };
}

/** `0.0.0.0` and `[::]` listen on the loopback addresses too. */
function addressOf(url: string): readonly { readonly host: string; readonly port: number }[] {
  if (!URL.canParse(url)) return [];
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const dialled = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return [{ host: dialled, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }];
}

/** Waits until the restored member serves. */
export function etcdStep({ host }: KnownHost, revision: bigint): Step {
  const { endpoints = [], cacert, cert, key } = host.etcd ?? {};
  const [endpoint = 'https://127.0.0.1:2379'] = endpoints;
  return {
    id: 'etcd',
    text: `wait until etcd serves at ${endpoint}, at revision ${revision} or above`,
    action: {
      kind: 'wait-etcd',
      endpoints: [endpoint],
      cacert: cacert?.path,
      cert: cert?.path,
      key: key?.path,
      revision,
    },
  };
}

/** Waits for the API server, where the host has a kubeconfig for it. */
export function apiServerSteps({ host }: KnownHost, wanted: boolean): readonly Step[] {
  if (!wanted || host.kubeconfig === undefined) return [];
  const { path } = host.kubeconfig;
  return [
    {
      id: 'apiserver',
      text: `wait until the API server is ready (${path})`,
      action: { kind: 'wait-apiserver', kubeconfig: path },
    },
  ];
}
