/** The operator of a cluster under test, however it is run. */
export interface TestedOperator {
  /**
   * Each start knows nothing of the one before.
   *
   * @param etcd - the endpoints that backups go to instead of the cluster's own etcd
   */
  start(etcd?: string): Promise<void>;
  stop(): Promise<void>;
  /** What it was about to do is cut off in the middle. */
  kill(): Promise<void>;
  /** Whether it has seen everything. */
  isReady(): Promise<boolean>;
  /** Whether it has also done what was to be done, as far as that can be told from outside. */
  isDone(): Promise<boolean>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
}

/** What the operator of a cluster under test is told. */
export interface OperatorPlan {
  /** The endpoints that backups go to. */
  readonly etcd: string;
  /** Where backups go that name no claim. */
  readonly defaultFolder: string;
}
