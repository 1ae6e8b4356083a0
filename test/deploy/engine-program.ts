import { join } from 'node:path';
import * as z from 'zod';
import { createKubeClient, type Transport } from '../../src/apiserver/index.ts';
import { silentLog, systemTime } from '../../src/base/index.ts';
import { startStandalone } from '../../src/standalone/index.ts';
import { holdfastCommand } from '../kit/holdfast.ts';

/** The embedded engine without an operator in it, as a process; run by EngineProcess. Its argument is its folder. */
const [, , folder = ''] = process.argv;

const named = z.looseObject({ name: z.string() });
const container = z.looseObject({ volumeMounts: z.array(named).default([]) });
const pod = z.looseObject({
  spec: z.looseObject({ volumes: z.array(named).default([]), containers: z.array(container) }),
});

/** This machine is no control-plane host: pods are made without the folders of one, which a snapshot alone does not need. */
function withoutHost(transport: Transport): Transport {
  const isOfHost = ({ name }: { readonly name: string }): boolean => name.startsWith('host-');
  return (request) => {
    const { method, target, body } = request;
    if (method !== 'POST' || body === undefined || !target.endsWith('/pods')) return transport(request);
    const asked = pod.parse(JSON.parse(Buffer.from(body).toString()));
    const containers = asked.spec.containers.map((each) => ({
      ...each,
      volumeMounts: each.volumeMounts.filter((mount) => !isOfHost(mount)),
    }));
    const volumes = asked.spec.volumes.filter((volume) => !isOfHost(volume));
    const made = { ...asked, spec: { ...asked.spec, volumes, containers } };
    return transport({ ...request, body: Buffer.from(JSON.stringify(made)) });
  };
}

const engine = await startStandalone({
  dataDir: join(folder, 'data'),
  listen: { host: '127.0.0.1', port: 0 },
  kubeconfig: join(folder, 'kubeconfig'),
  nodeName: 'master-0',
  enableBackups: true,
  program: holdfastCommand(),
  variables: process.env,
  version: '0.0.0',
  time: systemTime,
  log: silentLog,
  random: Math.random,
  lock: () => Promise.resolve({ release: () => Promise.resolve() }),
  connect: (transport) => createKubeClient({ transport: withoutHost(transport) }),
});
process.stdout.write(`${engine.url.host}\n`);
// Until it is killed: nobody stops it gently.
await engine.run(new AbortController().signal);
