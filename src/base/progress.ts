/** One piece of long work that counts bytes. */
export interface ProgressStage {
  /** Adds `bytes` to what is done. */
  advance(bytes: number): void;
  /** Ends the stage; further calls do nothing. */
  end(): void;
}

/** Told about long work; a front shows it as a bar, as plain lines, or not at all. */
export interface Progress {
  /**
   * @param label - what is being done, as a short phrase ("snapshot from https://10.0.0.5:2379")
   * @param totalBytes - the expected sum of all `advance` calls, where it is known; may turn out wrong
   */
  begin(label: string, totalBytes?: number): ProgressStage;
}

const silentStage: ProgressStage = { advance: () => undefined, end: () => undefined };

export const silentProgress: Progress = { begin: () => silentStage };
