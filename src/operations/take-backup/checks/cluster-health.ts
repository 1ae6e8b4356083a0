import { formatId, type Finding } from '../../../base/index.ts';
import type { ClusterSurvey } from '../../../etcd/index.ts';

/** What the survey of the cluster says against a backup (CORRUPT), or is worth knowing beside it. */
export function checkClusterHealth(survey: ClusterSurvey): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { endpoint, error } of survey.endpoints) {
    if (error === undefined) continue;
    findings.push({
      severity: 'warning',
      code: 'BACKUP_MEMBER_UNREACHABLE',
      where: endpoint.url,
      message: `a member could not be asked: ${error.message}`,
      hint: error.hint,
    });
  }
  findings.push(...alarmFindings(survey));
  if (survey.quorum === 'no') findings.push(noQuorum(survey));
  return findings;
}

/** Every member knows every alarm, so one is reported once, however many members tell of it. */
function alarmFindings(survey: ClusterSurvey): readonly Finding[] {
  const byAlarm = new Map<string, Finding>();
  for (const { status, endpoint } of survey.endpoints) {
    for (const { type, memberId } of status?.alarms ?? []) {
      const member = memberId === undefined ? 'a member' : `member ${formatId(memberId)}`;
      byAlarm.set(
        `${type} ${member}`,
        type === 'CORRUPT' ? corrupt(member, endpoint.url) : noSpace(member, endpoint.url),
      );
    }
  }
  return [...byAlarm.values()];
}

function corrupt(member: string, where: string): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_CORRUPT_ALARM',
    where,
    message: `etcd has raised the CORRUPT alarm for ${member}: the members' data differ`,
    hint: 'Find the member whose data is good (etcdctl endpoint hashkv --cluster) and back up that one by --endpoints and --force; then replace the corrupt member.',
  };
}

function noSpace(member: string, where: string): Finding {
  return {
    severity: 'warning',
    code: 'BACKUP_NOSPACE_ALARM',
    where,
    message: `etcd has raised the NOSPACE alarm for ${member}: it refuses writes until it has room again`,
    hint: 'The backup goes on. Afterwards compact, defragment and disarm: etcdctl compact, etcdctl defrag, etcdctl alarm disarm.',
  };
}

function noQuorum(survey: ClusterSurvey): Finding {
  const answering = survey.endpoints.filter(({ status }) => status !== undefined).length;
  return {
    severity: 'warning',
    code: 'BACKUP_NO_QUORUM',
    where: survey.endpoints.map(({ endpoint }) => endpoint.url).join(', '),
    message: `the cluster has no quorum (${answering} of ${survey.members.length || survey.endpoints.length} members answer and know no leader)`,
    hint: 'A snapshot needs none and is taken; it holds what this member has, which may lack the latest writes.',
  };
}
