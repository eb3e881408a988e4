import type { z } from 'zod';
import type * as answers from '../../src/admin/openapi/answers.js';

// What the admin API answers, as its description says.
export type Services = z.infer<typeof answers.services>;
export type ServiceRow = Services['services'][number];
export type Registries = z.infer<typeof answers.registries>;
export type Proxies = z.infer<typeof answers.proxies>;
export type ProxyRow = Proxies['proxies'][number];
export type Release = z.infer<typeof answers.release>;
export type Snapshots = z.infer<typeof answers.snapshots>;
export type SnapshotChanges = Snapshots['snapshots'][number]['changes'];
export type Explanation = z.infer<typeof answers.explanation>;
export type ServiceExplanation = Explanation['services'][number];
export type Latency = z.infer<typeof answers.latency>;
export type Load = z.infer<typeof answers.load>;
export type ServiceLoad = z.infer<typeof answers.serviceLoad>;
