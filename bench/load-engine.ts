import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { guarded } from '../test/kit/programs.ts';
import { scratch, type Ground } from './ground.ts';
import type { Load } from './load-objects.ts';

const announcement = z.object({ kubeconfig: z.string() });
const asked = z.object({ counts: z.array(z.tuple([z.string(), z.number()])), quietMs: z.number() });

/** What an API server was asked for so far, and how long ago something other than a Lease or a watch came. */
export type Asked = z.infer<typeof asked>;

/** The engine's API as a process of its own, with a load in it. */
export class LoadEngine {
  readonly kubeconfig: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, kubeconfig: string) {
    this.#child = child;
    this.kubeconfig = kubeconfig;
  }

  /** Runs it while `work` lasts; nothing stays behind. */
  static async with<T>(ground: Ground, load: Load, work: (engine: LoadEngine) => Promise<T>): Promise<T> {
    const folder = scratch(ground, 'load');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const child = fork(join(ground.folder, 'load-api.js'), [folder, JSON.stringify(load)]);
    guarded(child);
    try {
      const ended = once(child, 'exit').then(() => Promise.reject(new Error('the API has ended')));
      const [said] = (await Promise.race([once(child, 'message'), ended])) as readonly unknown[];
      return await work(new LoadEngine(child, announcement.parse(said).kubeconfig));
    } finally {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  }

  async asked(): Promise<Asked> {
    const answer = once(this.#child, 'message');
    this.#child.send('asked');
    const [said] = (await answer) as readonly unknown[];
    return asked.parse(said);
  }
}
