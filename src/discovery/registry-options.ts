import { z } from 'zod';
import { byteSize, defaultService, duration, share } from '../config/values.js';

/** TLS towards a registry; all paths of PEM files. */
export const tlsOptions = z.strictObject({
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  server_name: z.string().optional(),
  insecure_skip_verify: z.boolean().default(false),
});
export type TlsOptions = z.output<typeof tlsOptions>;

/** When a registry that suddenly has far fewer instances is not believed at once. */
const massLoss = z
  .strictObject({
    /** More than this share of all instances gone within the window. */
    registry: share.prefault('50%'),
    /** More than this share of one service's instances gone within the window. */
    service: share.prefault('80%'),
    /** Registries and services with fewer instances may lose them all. */
    large: z.number().int().min(1).default(10),
    /** Losses of the last so much time add up; 0 for those of one change. */
    window: duration('s').prefault('30s'),
    /** How long missing instances are served; 0 turns the guard off. */
    hold: duration('s').prefault('60s'),
  })
  .prefault({});

/** Node has no longer texts, whose characters may have one byte each. */
const LONGEST_TEXT = 536_870_888;

/** The most bytes of one answer, after it was decompressed. */
export const maxAnswer = byteSize(1_024, LONGEST_TEXT).prefault('256MiB');

/** Until the whole of an answer is there, from when it was due. */
export const answerTimeout = duration('s').prefault('60s');

/** What every registry takes. A registry's own options are `z.strictObject({ type: z.literal(…), ...commonOptions, … })`. */
export const commonOptions = {
  skip_services: z.array(z.string()).default([]),
  service_template: z.string().default('{service}'),
  default_service: defaultService.optional(),
  tls: tlsOptions.optional(),
  dump: z
    .strictObject({
      path: z.string(),
      load_on_init: z.boolean().default(true),
      expire: duration('s').default(0),
    })
    .optional(),
  mass_loss: massLoss,
  max_answer: maxAnswer,
};

/** The weight of an instance whose registry gives none. */
export const defaultWeight = (weight: number) => z.number().nonnegative().default(weight);
