import type { Check, History, Observation, Violation, Write } from '../history.js';
import { Follower } from './follower.js';
import { Timeline, weightIn } from './timeline.js';

/** Milliseconds by which a server may lag behind what it has shown another proxy: it may be several processes. */
const LAG = 1_000;

/** What is wrong in a history; empty where nothing is. */
export function violationsIn(history: History): readonly Violation[] {
  const services = [...new Set(history.writes.map(({ service }) => service))];
  return services.flatMap((service) => new ServiceCheck(history, service).run());
}

/** The followers of one proxy: one for the service, or one for each of its instances. */
interface Viewer {
  readonly proxy: string;
  readonly followers: readonly Follower[];
  last: Observation | undefined;
}

/** Where the proxies at a server were at a time. */
interface Mark {
  readonly at: number;
  readonly server: string;
  readonly follower: number;
  readonly earliest: number;
}

/** Goes through what all proxies were shown of one service, in the order of time. */
class ServiceCheck {
  readonly #timeline: Timeline;
  readonly #viewers: ReadonlyMap<string, Viewer>;
  readonly #observations: readonly Observation[];
  readonly #marks: Mark[] = [];
  readonly #violations: Violation[] = [];

  constructor(
    private readonly history: History,
    private readonly service: string,
  ) {
    const settled = ({ to }: Write) =>
      history.checks.find(({ since }) => since >= to)?.at ?? Number.POSITIVE_INFINITY;
    this.#timeline = new Timeline(
      history.writes.filter((write) => write.service === service),
      settled,
    );
    this.#observations = history.observations.filter((observation) => observation.service === service);
    const { addresses } = this.#timeline;
    const groups = history.shows === 'service' ? [addresses] : addresses.map((address) => [address]);
    const viewer = (proxy: string): Viewer => ({
      proxy,
      followers: groups.map((group) => new Follower(this.#timeline, group)),
      last: undefined,
    });
    this.#viewers = new Map(history.proxies.map((proxy) => [proxy, viewer(proxy)]));
  }

  run(): readonly Violation[] {
    const checks = [...this.history.checks];
    for (const observation of this.#observations) {
      while (checks[0] !== undefined && checks[0].at < observation.at) this.#check(checks.shift());
      this.#observe(observation);
    }
    for (const check of checks) this.#check(check);
    return this.#violations;
  }

  #observe(observation: Observation): void {
    const { proxy, instances, at, server, stream } = observation;
    const viewer = this.#viewers.get(proxy);
    if (viewer === undefined) throw new Error(`no proxy ${proxy}`);
    const { last } = viewer;
    viewer.last = observation;
    const unknown = Object.keys(instances).filter((address) => !this.#timeline.addresses.includes(address));
    if (unknown.length > 0) {
      this.#report('invented', observation, `nobody ever wrote ${unknown.join(', ')}`);
      return;
    }
    const moved = last !== undefined && last.stream !== stream;
    if (!moved && this.#missing(observation, last)) return;
    const verdicts = viewer.followers.map((follower, index) => {
      const verdict = follower.take(instances, at, moved ? this.#floor(server, index, at) : undefined);
      this.#marks.push({ at, server, follower: index, earliest: follower.earliest });
      return verdict;
    });
    const wrong = verdicts.find((verdict) => verdict !== 'fine');
    if (wrong === undefined) return;
    const shown = `${JSON.stringify(instances)} after ${JSON.stringify(last?.instances ?? {})}`;
    this.#report(wrong, observation, shown);
  }

  /** Whether an instance went that nobody may have removed. */
  #missing(observation: Observation, last: Observation | undefined): boolean {
    const gone = Object.entries(last?.instances ?? {}).filter(
      ([address, weight]) =>
        weightIn(observation.instances, address) === 0 &&
        !this.#timeline.removedAfter(address, weight, observation.at),
    );
    for (const [address, weight] of gone)
      this.#report('missing', observation, `${address} was there with ${weight}, and nobody removed it`);
    return gone.length > 0;
  }

  /** Where the proxies at a server were a moment ago. */
  #floor(server: string, follower: number, at: number): number {
    const before = this.#marks.filter(
      (mark) => mark.server === server && mark.follower === follower && mark.at <= at - LAG,
    );
    return before.at(-1)?.earliest ?? 0;
  }

  #check(check: Check | undefined): void {
    if (check === undefined) return;
    const due = this.#timeline.lastAcknowledged(check.since);
    for (const { proxy, followers, last } of this.#viewers.values()) {
      const place = Math.min(...followers.map((follower) => follower.latest(check.at)));
      const position = this.#timeline.positions[place] ?? 0;
      if (position >= due) continue;
      const detail = `shows ${JSON.stringify(last?.instances ?? {})}, which write ${due} had replaced by ${check.since.toFixed(0)} ms; position ${position}`;
      this.#report('behind', { proxy, at: check.at }, detail);
    }
  }

  #report(kind: Violation['kind'], where: Pick<Observation, 'proxy' | 'at'>, detail: string): void {
    const { proxy, at } = where;
    this.#violations.push({ kind, proxy, service: this.service, at, detail });
  }
}
