import * as os from 'node:os';

/** What the Node object says of this machine. */
export interface Machine {
  /** The name of the Node. */
  readonly name: string;
  readonly hostName: string;
  /** As Kubernetes names it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Addresses other than loopback; may be empty. */
  readonly addresses: readonly string[];
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** @param name - the Node's name. Default: the host's, in lower case, as the kubelet does it */
export function readMachine(name?: string): Machine {
  const hostName = os.hostname().toLowerCase();
  return {
    name: name ?? hostName,
    hostName,
    architecture: ARCHITECTURES[os.arch()] ?? os.arch(),
    operatingSystem: os.platform(),
    kernelVersion: os.release(),
    cpus: os.cpus().length,
    memoryBytes: os.totalmem(),
    addresses: addressesOf(os.networkInterfaces()),
  };
}

function addressesOf(interfaces: ReturnType<typeof os.networkInterfaces>): readonly string[] {
  return Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}
