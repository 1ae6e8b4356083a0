import type { Plan } from './journal-schema.ts';
import { restoreFolderOf } from './restore-folder.ts';

/** What is left to do when the control plane of this host serves again, for the distribution, with names filled in. */
export function nextSteps(plan: Plan): readonly string[] {
  const distribution = plan.layout === 'openshift' ? openshift(plan) : kubeadm(plan);
  return [
    ...distribution,
    `When all is well, remove what was saved: ${restoreFolderOf(plan.id)} (until then: holdfast restore host --rollback).`,
  ];
}

const KUBECONFIG =
  '/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/localhost.kubeconfig';
const OPERATORS = ['etcd', 'kubeapiserver', 'kubecontrollermanager', 'kubescheduler'] as const;

/** OpenShift 4.17, "Restoring to a previous cluster state", after the restore script. */
function openshift({ id, otherMembers, nodeName }: Plan): readonly string[] {
  const reason = `{"spec": {"forceRedeploymentReason": "recovery-${id}"}}`;
  return [
    `export KUBECONFIG=${KUBECONFIG}`,
    'Restart the kubelet on every control-plane host: sudo systemctl restart kubelet.service',
    'Approve what waits: oc get csr -o name | xargs oc adm certificate approve (look at each first; repeat until none is Pending)',
    ...(otherMembers.length === 0
      ? []
      : [
          `Turn the quorum guard off: oc patch etcd/cluster --type=merge -p '{"spec": {"unsupportedConfigOverrides": {"useUnsupportedUnsafeNonHANonProductionUnstableEtcd": true}}}'`,
        ]),
    ...OPERATORS.map((operator) => `oc patch ${operator} cluster -p='${reason}' --type=merge`),
    ...(otherMembers.length === 0
      ? []
      : [
          `Wait until etcd has grown back to ${[nodeName ?? 'this host', ...otherMembers].join(', ')}: oc -n openshift-etcd get pods -l k8s-app=etcd`,
          `Turn the quorum guard on again: oc patch etcd/cluster --type=merge -p '{"spec": {"unsupportedConfigOverrides": null}}'`,
        ]),
    'Wait until all is stable: oc adm wait-for-stable-cluster',
    'If SELinux is enforced and a pod cannot read its files: sudo restorecon -RF /var/lib/etcd /etc/kubernetes',
  ];
}

/** On kubeadm the other members join anew: their data belongs to the cluster that is no more. */
function kubeadm({ otherMembers }: Plan): readonly string[] {
  const others = otherMembers.flatMap((name) => [
    `On ${name}: sudo kubeadm reset --force`,
    `Then here: kubectl delete node ${name} --ignore-not-found`,
  ]);
  return [
    'export KUBECONFIG=/etc/kubernetes/admin.conf',
    'Look at what runs: kubectl get nodes; kubectl -n kube-system get pods',
    ...others,
    ...(otherMembers.length === 0
      ? []
      : [
          'Make a join command here: kubeadm init phase upload-certs --upload-certs; kubeadm token create --print-join-command --certificate-key <key>',
          `Run it on ${otherMembers.join(' and ')} with --control-plane`,
        ]),
    'Restart what keeps a watch open with state of its own (network plug-in, operators): kubectl -n kube-system rollout restart daemonset',
  ];
}
