import type { EtcdErrorCode } from './errors.ts';

/** The next step for each failure of a request or a connection, where it does not depend on more than the code. */
const HINTS: Readonly<Partial<Record<EtcdErrorCode, string>>> = {
  ETCD_HOST_UNKNOWN: 'Check the spelling in --endpoints and the name server of this host, or give an IP address.',
  ETCD_CONNECTION_REFUSED:
    'Check that etcd runs there (crictl ps --name etcd, or systemctl status etcd) and that the port is its client port.',
  ETCD_UNREACHABLE: 'Check the address in --endpoints, the network and the firewall between this host and the member.',
  ETCD_TIMEOUT:
    'Check that the member is alive and not overloaded (its log, its disk), and that no firewall drops the packets.',
  ETCD_NOT_ETCD: 'Give --endpoints the client URL of an etcd member, usually port 2379.',
  ETCD_TLS_EXPECTED: 'Write https:// before the endpoint, and give --cacert, --cert and --key.',
  ETCD_TLS_NOT_SPOKEN: 'Write http:// before the endpoint if this etcd is really meant to run without TLS.',
  ETCD_TLS_UNTRUSTED: "Give --cacert the CA that signed the member's certificate.",
  ETCD_TLS_NAME_MISMATCH:
    "Give --endpoints a name or address that the member's certificate carries, or have the certificate issued anew.",
  ETCD_TLS_EXPIRED: "Renew the member's certificate, and check the clocks of both hosts.",
  ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED: 'Give --cert and --key a client certificate of this cluster.',
  ETCD_TLS_CLIENT_CERTIFICATE_REJECTED:
    'Give --cert and --key a client certificate that is valid now and signed by the CA in the trusted-ca-file of etcd.',
  ETCD_TLS_FAILED: 'openssl s_client -connect with the host and port of the endpoint shows the handshake in full.',
  ETCD_AUTH_REQUIRED: 'Give --user and --password, or a client certificate whose common name is an etcd user.',
  ETCD_AUTH_FAILED: 'Check --user and --password; etcdctl user list shows the users of the cluster.',
  ETCD_AUTH_NOT_ENABLED: 'Leave --user out, or run etcdctl auth enable.',
  ETCD_AUTH_NEEDS_QUORUM:
    'Use a client certificate whose common name is an etcd user with the role root: it is checked by the member alone. Or bring the other members back first.',
  ETCD_TOKEN_INVALID: 'Run the command again; if it happens again, check the --auth-token setting of the members.',
  ETCD_PERMISSION_DENIED: 'Use a user with the role root: etcdctl user grant-role <user> root.',
  ETCD_NO_LEADER: 'Check the other members: etcdctl endpoint status --cluster -w table. Then try again.',
  ETCD_MEMBER_STOPPING: 'Try again in a few seconds, or use another member.',
  ETCD_LEARNER: 'Use a voting member: etcdctl member list -w table shows which are learners.',
  ETCD_CORRUPT: 'Use another member, and replace this one: its data cannot be trusted.',
  ETCD_NO_SPACE: 'Compact and defragment the database, then run etcdctl alarm disarm.',
  ETCD_RESOURCE_EXHAUSTED: 'Try again when the member has less to do.',
  ETCD_STREAM_IDLE: 'Try another member. If all go silent, check their disks and the network between.',
  ETCD_STREAM_BROKEN: 'Try again, or use another member.',
  ETCD_STREAM_CUT_SHORT: "Try again, or use another member; the member's log says whether it could read its database.",
  ETCD_RESPONSE_MALFORMED: 'Check that the endpoint is an etcd member and that nothing between alters the traffic.',
  ETCD_UNIMPLEMENTED: 'Check the release of this etcd; Holdfast speaks to 3.4, 3.5 and 3.6.',
};

const OTHERWISE = "The member's own log says more.";

export const hintFor = (code: EtcdErrorCode): string => HINTS[code] ?? OTHERWISE;
