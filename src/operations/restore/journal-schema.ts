import * as z from 'zod';
import { stepSchema } from './step.ts';

const utc = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (value) => value.toISOString(),
});

/** Everything about one restore that is decided before anything is changed. */
export const planSchema = z.object({
  /** Names the restore and its folder: the time, to the second, and four letters by chance. */
  id: z.string().regex(/^[0-9A-Za-z-]+$/),
  verb: z.enum(['host', 'quorum']),
  created: utc,
  tool: z.object({ name: z.string(), version: z.string() }),
  layout: z.string(),
  nodeName: z.string().optional(),
  memberName: z.string(),
  /** What is restored, for people: the backup's id, or the data directory. */
  source: z.string(),
  /** This machine's path of the snapshot, for recognising the same request again. */
  snapshot: z.string(),
  /** The revision that etcd will start with. */
  revision: z.codec(z.string().regex(/^\d{1,20}$/), z.bigint(), {
    decode: (text) => BigInt(text),
    encode: (value) => value.toString(),
  }),
  /** The names of the other members that there were, for the next steps. */
  otherMembers: z.array(z.string()),
  /** Whether keys of the cluster were brought back, so that old certificates may have ended. */
  openshiftVersion: z.string().optional(),
  steps: z.array(stepSchema).min(1),
});

export type Plan = z.output<typeof planSchema>;

/** One line of a journal. */
export const recordSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('plan'), version: z.literal(1), plan: planSchema }),
  z.object({ kind: z.literal('begin'), step: z.string(), at: utc }),
  z.object({ kind: z.literal('done'), step: z.string(), at: utc }),
  z.object({ kind: z.literal('failed'), step: z.string(), at: utc, code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('undo'), step: z.string(), at: utc }),
  z.object({ kind: z.literal('undone'), step: z.string(), at: utc }),
  z.object({ kind: z.literal('finished'), at: utc }),
  z.object({ kind: z.literal('rolling-back'), at: utc }),
  z.object({ kind: z.literal('rolled-back'), at: utc }),
]);

export type JournalRecord = z.output<typeof recordSchema>;
