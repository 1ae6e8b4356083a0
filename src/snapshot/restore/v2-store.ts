import { encodeGoJson, type GoJson } from './go-json.ts';
import type { InitialMember } from './identity.ts';

/** Slots that etcd keeps for past events, used or not (v2store/store.go: newWatchHub(1000)). */
const EVENT_SLOTS = 1000;
const NEVER = '0001-01-01T00:00:00Z';
const COUNTERS = [
  ...['getsSuccess', 'getsFail', 'setsSuccess', 'setsFail', 'deleteSuccess', 'deleteFail', 'updateSuccess'],
  ...['updateFail', 'createSuccess', 'createFail', 'compareAndSwapSuccess', 'compareAndSwapFail'],
  ...['compareAndDeleteSuccess', 'compareAndDeleteFail', 'expireCount', 'watchers'],
];

interface Attributes {
  readonly id: string;
  /** Counts the writes to the store from 1. */
  readonly index: number;
  readonly value: string;
}

/**
 * The v2 store that holds nothing but the membership, as etcd saves it into a `.snap` file (server/etcdserver/api/v2store:
 * store.Save). etcd 3.4 and 3.5 take their members from it when they start, not from the database.
 *
 * The bytes equal those that etcd's own restore writes.
 *
 * @param members - by id
 */
export function encodeV2Store(members: readonly InitialMember[]): Uint8Array {
  const all = members.map(({ id, peerUrls }, at) => ({
    id: id.toString(16),
    index: at + 1,
    value: encodeGoJson({ peerURLs: peerUrls }),
  }));
  const store: GoJson = {
    Root: folder('/', 0, [
      ['0', folder('/0', 0, [['members', folder('/0/members', 1, all.map(memberFolder))]])],
      ['1', folder('/1', 0, [])],
    ]),
    WatcherHub: { EventHistory: eventHistory(all) },
    CurrentIndex: all.length,
    Stats: Object.fromEntries(COUNTERS.map((name) => [name, name === 'createSuccess' ? all.length : 0])),
    CurrentVersion: 2,
  };
  return Buffer.from(encodeGoJson(store));
}

function memberFolder({ id, index, value }: Attributes): readonly [string, GoJson] {
  const path = `/0/members/${id}`;
  return [id, folder(path, index, [['raftAttributes', node(`${path}/raftAttributes`, index, value, null)]])];
}

function folder(path: string, index: number, children: readonly (readonly [string, GoJson])[]): GoJson {
  return node(path, index, '', new Map(children));
}

/** A node without children, not even none, is a file. */
function node(path: string, index: number, value: string, children: GoJson): GoJson {
  return {
    Path: path,
    CreatedIndex: index,
    ModifiedIndex: index,
    ExpireTime: NEVER,
    Value: value,
    Children: children,
  };
}

function eventHistory(all: readonly Attributes[]): GoJson {
  const events = all.map(({ id, index, value }) => ({
    action: 'create',
    node: { key: `/0/members/${id}/raftAttributes`, value, modifiedIndex: index, createdIndex: index },
  }));
  const unused = Array.from({ length: EVENT_SLOTS - all.length }, () => null);
  return {
    Queue: { Events: [...events, ...unused], Size: all.length, Front: 0, Back: all.length, Capacity: EVENT_SLOTS },
    StartIndex: 1,
    LastIndex: all.length,
  };
}
