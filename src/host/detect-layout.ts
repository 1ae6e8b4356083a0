import type { HostLayout } from './control-plane-host.ts';
import { HostTree } from './host-tree.ts';
import { k3s, rke2 } from './layouts/k3s.ts';
import { kubeadm } from './layouts/kubeadm.ts';
import type { HostSource, Layout } from './layouts/layout.ts';
import { openshift } from './layouts/openshift.ts';

/** In the order in which they are looked for: the most specific evidence first. */
export const LAYOUTS: readonly Layout[] = [openshift, kubeadm, rke2, k3s];

/** Which layout a host has, and the paths that show it. */
export interface DetectedLayout {
  readonly layout: HostLayout;
  readonly evidence: readonly string[];
}

/**
 * Recognises a control-plane host by what lies on it.
 *
 * @param hostRoot - the folder of this machine that is the host's `/`
 * @returns undefined where nothing is recognised
 * @throws HostError HOST_ROOT_UNUSABLE, HOST_PATH_UNREADABLE, HOST_LINK_LOOP
 */
export async function detectLayout(hostRoot = '/'): Promise<DetectedLayout | undefined> {
  const tree = new HostTree(hostRoot);
  for (const layout of LAYOUTS) {
    const evidence = await layout.recognise(tree);
    if (evidence.length > 0) return { layout: layout.name, evidence };
  }
  return undefined;
}

/** The folders and files of a host that a backup reads: what has to be mounted where the host itself is not. */
export function sourcesOnHost(layout: HostLayout): readonly HostSource[] {
  return LAYOUTS.find(({ name }) => name === layout)?.reads ?? [];
}
