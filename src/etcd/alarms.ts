/** Something that etcd has raised an alarm about; it lasts until somebody disarms it. */
export interface EtcdAlarm {
  readonly type: 'NOSPACE' | 'CORRUPT';
  /** The member that it is about; undefined where etcd does not know which. */
  readonly memberId?: bigint | undefined;
}

/**
 * The alarms in the errors of a status response, where they can be read without quorum. etcd prints its AlarmMember
 * message in protobuf's text form (`memberID:123 alarm:NOSPACE `), whose spaces are not fixed; see Status() in
 * server/etcdserver/api/v3rpc/maintenance.go.
 */
export function alarmsIn(errors: readonly string[]): readonly EtcdAlarm[] {
  return errors.flatMap((text) => {
    const type = /\balarm:\s*(NOSPACE|CORRUPT)\b/.exec(text)?.[1];
    if (type !== 'NOSPACE' && type !== 'CORRUPT') return [];
    const id = /\bmemberID:\s*(\d+)/.exec(text)?.[1];
    return id === undefined ? [{ type }] : [{ type, memberId: BigInt(id) }];
  });
}
