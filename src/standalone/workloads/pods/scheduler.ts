import {
  resources,
  type KubeClient,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
} from '../../../apiserver/index.ts';
import type { Log, Time } from '../../../base/index.ts';
import {
  createController,
  createEventRecorder,
  keyOf,
  parseKey,
  setCondition,
  type Controller,
  type EventRecorder,
  type Informer,
} from '../../../controller/index.ts';
import { claimObstacle, nodeObstacle, TOO_MANY, type Obstacle } from './placement.ts';
import { Slots } from './slots.ts';

export interface SchedulerOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  readonly nodeName: string;
  /** How many pods run at a time, in each of the two pools. See {@link Slots}. */
  readonly maxPods: number;
  /** All run by the caller. */
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly classes: Informer<StorageClass>;
  readonly nodes: Informer<Node>;
}

export interface Scheduler extends Controller {
  /** No pod gets a node any more. */
  close(): void;
}

/** Puts pods on the one node there is, the oldest first, as soon as it is theirs and has room. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { pods, claims, classes, nodes, time, log, nodeName } = options;
  const slots = new Slots(options.maxPods);
  const pass = new SchedulingPass(options, slots);
  const controller = createController(
    { name: 'scheduler', informers: [pods, claims, classes, nodes], reconcile: (key) => pass.reconcile(key) },
    { time, log },
  );
  const wakeAll = (): void =>
    pods
      .list()
      .filter(isUnassigned)
      .sort(byAge)
      .forEach((pod) => controller.enqueue(keyOf(pod)));
  pass.onRoom = (key) => controller.enqueue(key);
  pods.onChange((pod, _previous, isDeleted) => {
    if (pod.spec.nodeName === nodeName && !isDeleted && !hasEnded(pod)) slots.take(pod);
    else if (isDeleted || hasEnded(pod)) if (slots.release(pod)) pass.offer();
    controller.enqueue(keyOf(pod));
  });
  claims.onChange(wakeAll);
  classes.onChange(wakeAll);
  nodes.onChange(wakeAll);
  return {
    enqueue: (key, afterMs) => controller.enqueue(key, afterMs),
    run: (signal) => controller.run(signal),
    get isIdle() {
      return controller.isIdle;
    },
    close: () => {
      pass.isClosed = true;
    },
  };
}

class SchedulingPass {
  readonly #options: SchedulerOptions;
  readonly #slots: Slots;
  readonly #events: EventRecorder;
  /** The pods that only lack a slot, in the order in which they came. */
  readonly #waiting = new Set<string>();
  isClosed = false;
  onRoom: (key: string) => void = () => undefined;

  constructor(options: SchedulerOptions, slots: Slots) {
    this.#options = options;
    this.#slots = slots;
    const { client, time, log } = options;
    this.#events = createEventRecorder(client, { component: 'default-scheduler', time, log });
  }

  async reconcile(key: string): Promise<void> {
    const pod = this.#options.pods.get(parseKey(key));
    if (pod === undefined || !isUnassigned(pod) || this.isClosed) {
      if (this.#waiting.delete(key)) this.offer();
      return;
    }
    const node = this.#options.nodes.get({ name: this.#options.nodeName });
    if (node === undefined) return;
    const obstacle = nodeObstacle(pod, node) ?? (await claimObstacle(this.#options, pod, node));
    if (obstacle !== undefined) {
      if (this.#waiting.delete(key)) this.offer();
      await this.#say(pod, obstacle);
      return;
    }
    if (!this.#slots.isFree(pod)) {
      this.#waiting.add(key);
      await this.#say(pod, TOO_MANY);
      return;
    }
    this.#slots.take(pod);
    this.#waiting.delete(key);
    try {
      await this.#assign(pod);
    } catch (error) {
      this.#slots.release(pod);
      throw error;
    }
  }

  /** Has the oldest of the waiting pods looked at, of each pool. */
  offer(): void {
    const offered = new Set<boolean>();
    for (const key of this.#waiting) {
      const pod = this.#options.pods.get(parseKey(key));
      if (pod === undefined || !this.#slots.isFree(pod)) continue;
      const hasVolumes = (pod.spec.volumes ?? []).length > 0;
      if (offered.has(hasVolumes)) continue;
      offered.add(hasVolumes);
      this.onRoom(key);
      if (offered.size === 2) return;
    }
  }

  async #assign(pod: Pod): Promise<void> {
    const { client, nodeName } = this.#options;
    await client.bindPod(pod.metadata, nodeName);
    const message = `Successfully assigned ${keyOf(pod)} to ${nodeName}`;
    await this.#events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
  }

  async #say(pod: Pod, { message, isQuiet }: Obstacle): Promise<void> {
    if (isQuiet === true) return;
    const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (before?.status === 'False' && before.message === message) return;
    const change = { type: 'PodScheduled', status: 'False' as const, reason: 'Unschedulable', message };
    const conditions = setCondition(pod.status?.conditions, change, { now: this.#options.time.now() });
    await this.#options.client.updateStatus(resources.pods, { ...pod, status: { ...pod.status, conditions } });
    await this.#events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
  }
}

function isUnassigned(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') === '' && pod.metadata.deletionTimestamp === undefined && !hasEnded(pod);
}

/** Whether nothing of a pod runs any more. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function byAge(a: Pod, b: Pod): number {
  return Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
}
