/** A rule of the xDS transport protocol, numbered as in docs/conformance.md. */
export interface Rule {
  /** MUST: a proxy misbehaves without it. SHOULD: costs or confuses. ROBUST: survives what is wrong. PROD: serves operators. */
  readonly level: 'MUST' | 'SHOULD' | 'ROBUST' | 'PROD';
  readonly where: Where;
  readonly text: string;
}

/** In which variants a rule holds; `once`: it is no matter of variants. */
export type Where = 'all' | 'sotw' | 'delta' | 'ads' | 'sep' | 'sotw-ads' | 'delta-ads' | 'once';

/** From Envoy's xds_protocol document, gRPC A27, A40 and A53, and what Envoy 1.40 does. */
export const RULES = {
  R01: { level: 'MUST', where: 'all', text: 'an empty first CDS request is a wildcard and is answered' },
  R02: {
    level: 'MUST',
    where: 'all',
    text: 'an empty first LDS request is answered, even with no listeners',
  },
  R03: {
    level: 'MUST',
    where: 'all',
    text: 'every response: type_url, nonce (unique), version, resource names unique, Any types agree',
  },
  R04: {
    level: 'MUST',
    where: 'ads',
    text: 'every resource passes what Envoy 1.40 checks (PGV and its own rules)',
  },
  R05: {
    level: 'SHOULD',
    where: 'ads',
    text: "resources keep the API's stricter rules (A27): V3 config sources, no address or locality twice, no priority gap, weight sums",
  },
  R06: {
    level: 'MUST',
    where: 'all',
    text: 'closure: every EDS/RDS name referred to is answered, every cluster a route names is in CDS',
  },
  R07: { level: 'MUST', where: 'all', text: 'CDS with the explicit name "*" is the wildcard' },
  R08: { level: 'MUST', where: 'all', text: 'EDS: a subset of the names is answered' },
  R09: { level: 'SHOULD', where: 'all', text: 'EDS: nothing that was not asked for' },
  R10: { level: 'MUST', where: 'all', text: 'RDS by name' },
  R11: { level: 'MUST', where: 'all', text: 'CDS by name is answered with that cluster' },
  R12: { level: 'SHOULD', where: 'all', text: 'CDS by name carries no other cluster' },
  R13: { level: 'MUST', where: 'all', text: 'EDS before any CDS request on the stream is answered' },
  R14: {
    level: 'MUST',
    where: 'ads',
    text: 'requests for all four types sent before reading anything are all answered',
  },
  R15: {
    level: 'MUST',
    where: 'all',
    text: 'node only on the first request of a stream is enough; a repeated node changes nothing',
  },
  R16: { level: 'SHOULD', where: 'all', text: 'the same name twice in a request gives one resource' },
  R17: {
    level: 'MUST',
    where: 'all',
    text: 'EDS: a name added to the subscription is sent, though nothing changed',
  },
  R18: {
    level: 'MUST',
    where: 'all',
    text: 'EDS: unsubscribed and subscribed again is sent again, though nothing changed',
  },
  R19: {
    level: 'MUST',
    where: 'all',
    text: 'EDS: all names dropped, then one subscribed again, is sent again',
  },
  R20: { level: 'MUST', where: 'all', text: 'EDS: an unsubscribed name gets no more updates, the others do' },
  R21: {
    level: 'MUST',
    where: 'all',
    text: 'EDS: an empty list after names is no wildcard: no more updates',
  },
  R22: {
    level: 'MUST',
    where: 'all',
    text: 'CDS: "*" and a name, then the name alone: no longer a wildcard',
  },
  R23: {
    level: 'MUST',
    where: 'all',
    text: 'CDS: "*", then nothing: unsubscribed, not the implicit wildcard',
  },
  R24: { level: 'MUST', where: 'sotw', text: 'CDS: implicit wildcard, then a name: only that name (SotW)' },
  R25: {
    level: 'MUST',
    where: 'delta',
    text: 'CDS: implicit wildcard, then a name subscribed: still a wildcard, and the name is answered',
  },
  R26: {
    level: 'MUST',
    where: 'all',
    text: 'EDS/RDS: an unknown name neither ends the stream nor is answered with a resource',
  },
  R27: { level: 'MUST', where: 'all', text: 'EDS: a known name beside an unknown one is answered at once' },
  R28: {
    level: 'MUST',
    where: 'delta',
    text: 'an unknown name is answered in removed_resources (EDS, RDS, CDS)',
  },
  R29: {
    level: 'MUST',
    where: 'all',
    text: 'EDS: a name unknown when subscribed is sent when it comes into being',
  },
  R30: { level: 'MUST', where: 'all', text: 'after ACKs nothing is sent while nothing changes' },
  R31: { level: 'MUST', where: 'all', text: 'a NACK is not answered by a resend loop' },
  R32: { level: 'MUST', where: 'all', text: 'after a NACK the next change is sent (EDS)' },
  R33: { level: 'MUST', where: 'all', text: 'after a NACK the next change is sent (CDS)' },
  R34: { level: 'MUST', where: 'ads', text: 'a NACK of one type does not hold up another' },
  R35: {
    level: 'MUST',
    where: 'all',
    text: 'two streams of one node are apart: a NACK or silence on one does not touch the other',
  },
  R36: { level: 'MUST', where: 'all', text: 'an endpoint change reaches the subscriber' },
  R37: {
    level: 'SHOULD',
    where: 'all',
    text: 'an endpoint change touches EDS only: no CDS, LDS or RDS response',
  },
  R38: {
    level: 'SHOULD',
    where: 'all',
    text: 'a change of an unsubscribed load assignment sends nothing on this stream',
  },
  R39: {
    level: 'MUST',
    where: 'all',
    text: 'a new cluster reaches the wildcard subscriber; SotW carries all clusters',
  },
  R40: {
    level: 'MUST',
    where: 'all',
    text: 'a removed cluster: absent from SotW CDS, in delta removed_resources; the others stay',
  },
  R41: {
    level: 'MUST',
    where: 'delta',
    text: 'EDS of a removed service: removed_resources (or an empty load assignment)',
  },
  R42: {
    level: 'MUST',
    where: 'delta',
    text: 'a service removed and made again while subscribed: EDS is sent again',
  },
  R43: {
    level: 'SHOULD',
    where: 'sotw',
    text: 'a service removed and made again, endpoints unchanged, while subscribed: EDS is sent again',
  },
  R44: { level: 'MUST', where: 'all', text: 'a removed endpoint goes, the others stay' },
  R45: {
    level: 'MUST',
    where: 'all',
    text: 'the last endpoint removed: an EDS update without it is sent, or the cluster leaves CDS',
  },
  R46: {
    level: 'MUST',
    where: 'ads',
    text: "a cluster with no endpoints that is in CDS still gets an EDS answer (else Envoy's start hangs 15 s)",
  },
  R47: {
    level: 'MUST',
    where: 'all',
    text: '60 quick changes: the last state arrives and nonces stay unique',
  },
  R48: {
    level: 'MUST',
    where: 'all',
    text: 'three growing EDS requests sent in a row: everything asked for arrives',
  },
  R49: {
    level: 'MUST',
    where: 'ads',
    text: 'EDS for a new cluster does not wait for the CDS ACK (Envoy withholds it while warming)',
  },
  R50: {
    level: 'SHOULD',
    where: 'all',
    text: 'a second CDS change is sent although the first is not ACKed (Envoy withholds the ACK while warming)',
  },
  R51: {
    level: 'MUST',
    where: 'ads',
    text: "re-warming: after a cluster's own definition changes, its EDS is sent again unasked",
  },
  R52: {
    level: 'MUST',
    where: 'ads',
    text: 'make before break: CDS with a new cluster comes before the RDS/LDS that names it',
  },
  R53: {
    level: 'SHOULD',
    where: 'ads',
    text: 'make before break: EDS of a new cluster comes before the RDS/LDS that names it',
  },
  R54: { level: 'SHOULD', where: 'ads', text: 'break last: RDS/LDS drops a cluster before CDS does' },
  R55: {
    level: 'MUST',
    where: 'all',
    text: 'an empty first request subscribes to no secret, load assignment, route, extension config or runtime layer',
  },
  R56: {
    level: 'MUST',
    where: 'all',
    text: 'an empty first request for scoped routes, virtual hosts (delta) and types unknown here is a wildcard',
  },
  R57: {
    level: 'MUST',
    where: 'all',
    text: 'RTDS: a layer that does not exist is answered, for Envoy waits for it at its start',
  },
  R58: {
    level: 'MUST',
    where: 'ads',
    text: 'a listener or a cluster whose definition changes: its routes, secrets and extension configs are sent again unasked',
  },
  R59: {
    level: 'MUST',
    where: 'ads',
    text: 'make before break: a proxy that ACKs a new cluster first and asks for its EDS then gets that before the RDS/LDS that names it',
  },
  R60: {
    level: 'MUST',
    where: 'ads',
    text: 'make before break: a route published after the ACK of its cluster waits for the EDS too, which is asked for later',
  },
  R61: {
    level: 'MUST',
    where: 'ads',
    text: 'make before break: every new cluster counts: RDS waits until the EDS of the last one is asked for',
  },
  R62: {
    level: 'MUST',
    where: 'ads',
    text: 'a proxy that never asks for the EDS of a new cluster gets RDS/LDS within two seconds all the same',
  },
  R63: {
    level: 'MUST',
    where: 'ads',
    text: 'a stream lost between a changed listener and what it refers to: on the next stream that is sent, whatever the proxy says it has',
  },
  S01: {
    level: 'MUST',
    where: 'sotw',
    text: 'a request with a stale nonce is ignored, the next one with the right nonce works',
  },
  S02: {
    level: 'SHOULD',
    where: 'sotw',
    text: 'a request with a nonce never issued is ignored and does not end the stream',
  },
  S03: {
    level: 'ROBUST',
    where: 'sotw',
    text: "a first request that carries another stream's nonce is answered",
  },
  S04: {
    level: 'MUST',
    where: 'sotw',
    text: 'reconnect with version_info after a change: the new state is sent (CDS, EDS)',
  },
  S05: {
    level: 'MUST',
    where: 'sotw',
    text: 'reconnect with the current version_info but another EDS name: it is sent',
  },
  S06: {
    level: 'MUST',
    where: 'sotw',
    text: 'a first request with a version_info this server never gave is answered',
  },
  S07: { level: 'SHOULD', where: 'sotw', text: 'the same state has the same version_info on every stream' },
  S08: { level: 'SHOULD', where: 'sotw', text: 'dropping a name alone is not answered' },
  S09: {
    level: 'MUST',
    where: 'sotw',
    text: 'NACK detection by error_detail: version unchanged by a new name, rejected, then the other name still updates',
  },
  S10: {
    level: 'MUST',
    where: 'sotw',
    text: "Envoy's stale unsubscribe: names dropped with an old nonce, then the name again with the new one, is answered",
  },
  S11: {
    level: 'MUST',
    where: 'sotw',
    text: 'reconnect of a client that is no Envoy: a subscription by name is answered though version_info is current',
  },
  S12: {
    level: 'MUST',
    where: 'sotw',
    text: 'reconnect: the first CDS and LDS request of a stream is answered though version_info is current',
  },
  S13: {
    level: 'MUST',
    where: 'sotw',
    text: 'a wildcard of any type carries the full state, and a removal sends it',
  },
  S14: {
    level: 'SHOULD',
    where: 'sotw',
    text: 'reconnect of an Envoy: EDS and RDS with the current version_info are not sent again',
  },
  D01: {
    level: 'MUST',
    where: 'delta',
    text: 'resource_names_subscribe of a name already subscribed is answered again',
  },
  D02: { level: 'MUST', where: 'delta', text: 'unsubscribing a name never subscribed is ignored' },
  D03: {
    level: 'MUST',
    where: 'delta',
    text: 'wildcard and a name: unsubscribing the name is answered with it in resources (or removed_resources)',
  },
  D04: {
    level: 'MUST',
    where: 'delta',
    text: 'wildcard and an unknown name: unsubscribing it is answered in removed_resources',
  },
  D05: { level: 'MUST', where: 'delta', text: 'implicit wildcard, then "*" unsubscribed: no more clusters' },
  D06: { level: 'MUST', where: 'delta', text: 'one request may subscribe one name and unsubscribe another' },
  D07: { level: 'SHOULD', where: 'delta', text: 'minimal: a change sends only what changed (EDS and CDS)' },
  D08: {
    level: 'MUST',
    where: 'delta',
    text: "per-resource versions: equal on two streams, changed by a change, kept by the others' changes",
  },
  D09: {
    level: 'SHOULD',
    where: 'delta',
    text: 'reconnect with matching initial_resource_versions: nothing is sent again, later changes are',
  },
  D10: {
    level: 'MUST',
    where: 'delta',
    text: 'reconnect with old initial_resource_versions: what changed meanwhile is sent, what is gone is in removed_resources',
  },
  D11: { level: 'SHOULD', where: 'delta', text: 'initial_resource_versions alone is no subscription' },
  D12: { level: 'MUST', where: 'delta', text: 'a subscription change under a stale nonce is honoured' },
  D13: { level: 'MUST', where: 'delta', text: 'a request that ACKs and changes the subscription does both' },
  D14: {
    level: 'SHOULD',
    where: 'delta',
    text: 'changes are sent although earlier responses are not ACKed, and no older state after a newer one',
  },
  D15: { level: 'SHOULD', where: 'delta', text: 'system_version_info is set' },
  D16: {
    level: 'MUST',
    where: 'delta',
    text: "a wildcard request for a type without resources is answered (empty), so that Envoy's start goes on",
  },
  D17: {
    level: 'MUST',
    where: 'delta',
    text: 'after a NACK that names a resource, the rest of the response is sent again, removals included',
  },
  D18: {
    level: 'MUST',
    where: 'delta',
    text: 'after a NACK that names nothing, the next response says all of the rejected one again',
  },
  D19: {
    level: 'MUST',
    where: 'delta',
    text: 'after a NACK and a reconnect with the versions from before, what the rejected response touched is sent',
  },
  D20: {
    level: 'MUST',
    where: 'delta',
    text: 'VHDS on demand: a host is answered with the virtual host that takes it, and its name as an alias',
  },
  D21: {
    level: 'MUST',
    where: 'delta',
    text: 'VHDS on demand: a host that no virtual host takes is answered as not existing: its name as the alias of nothing',
  },
  D22: {
    level: 'MUST',
    where: 'delta',
    text: 'VHDS on demand: changes, removals and new virtual hosts of the hosts that were asked for are sent',
  },
  D23: {
    level: 'MUST',
    where: 'delta',
    text: 'VHDS: the first answer, and a change of a route configuration, bring its virtual hosts, or a word where it has none (Envoy waits); not those of others',
  },
  D24: {
    level: 'MUST',
    where: 'delta',
    text: 'VHDS on demand: reconnect: hosts are answered again, and virtual hosts that are gone are removed',
  },
  D25: {
    level: 'MUST',
    where: 'delta-ads',
    text: 'VHDS: heartbeats of virtual hosts with a TTL reach the proxy that has them by an alias',
  },
  G01: { level: 'SHOULD', where: 'ads', text: 'control_plane.identifier is set' },
  G02: {
    level: 'MUST',
    where: 'ads',
    text: 'an unsupported type on ADS (SDS, RTDS, unknown) does not end the stream or stop the other types',
  },
  G03: {
    level: 'ROBUST',
    where: 'ads',
    text: 'an empty type_url on ADS is refused (InvalidArgument) or ignored; the server lives',
  },
  G04: { level: 'MUST', where: 'sep', text: 'a per-type service takes an empty type_url as its own type' },
  G05: {
    level: 'ROBUST',
    where: 'ads',
    text: 'a first request without a node is served or refused by a status; the server lives',
  },
  G06: { level: 'SHOULD', where: 'ads', text: 'half-close by the client ends the stream' },
  G07: { level: 'ROBUST', where: 'ads', text: 'a message that is no protobuf ends only its stream' },
  G08: { level: 'ROBUST', where: 'once', text: 'an unknown method is UNIMPLEMENTED' },
  G09: {
    level: 'ROBUST',
    where: 'ads',
    text: '50 streams cut off at once, half of them before the first answer: the server goes on',
  },
  G10: { level: 'MUST', where: 'ads', text: '100 streams on 5 connections all get a change' },
  G11: {
    level: 'MUST',
    where: 'ads',
    text: 'a client that does not read holds up nobody else, and has the last state when it reads again',
  },
  G12: {
    level: 'SHOULD',
    where: 'ads',
    text: 'changes are coalesced for a client that does not read: fewer responses than changes',
  },
  G13: { level: 'MUST', where: 'ads', text: 'a load assignment over 4 MiB is delivered' },
  G14: {
    level: 'SHOULD',
    where: 'ads',
    text: 'a request over 4 MiB is taken (initial_resource_versions / names of a large fleet)',
  },
  G15: {
    level: 'ROBUST',
    where: 'ads',
    text: 'gzip-compressed requests are taken or refused as UNIMPLEMENTED',
  },
  G16: {
    level: 'ROBUST',
    where: 'once',
    text: 'a connection that opens and sends nothing, or half a preface, disturbs nobody',
  },
  G17: {
    level: 'MUST',
    where: 'ads',
    text: 'TTL: resources sent with a ttl get heartbeats before it runs out',
  },
  G18: {
    level: 'MUST',
    where: 'sotw-ads',
    text: 'TTL: load assignments, routes, secrets, extension configs and scopes carry none, for Envoy cannot renew them, or crashes',
  },
  G19: {
    level: 'MUST',
    where: 'sep',
    text: 'every type with a service of its own in go-control-plane has it here: SRDS, VHDS (delta alone), ECDS, RTDS, SDS',
  },
  G20: {
    level: 'MUST',
    where: 'ads',
    text: 'TTL: every type on a stream gets its heartbeats, however many types there are',
  },
  G21: {
    level: 'MUST',
    where: 'delta-ads',
    text: 'TTL: what a proxy let expire, so that it rejects the heartbeat, is sent again with its content',
  },
  G22: {
    level: 'MUST',
    where: 'sotw-ads',
    text: 'TTL: reconnect with the current version_info: what carries a TTL is sent again, for it may have expired',
  },
  V01: { level: 'PROD', where: 'ads', text: 'weights 1 and 3 reach EDS as 1:3' },
  V02: {
    level: 'MUST',
    where: 'ads',
    text: 'weight 0: refused by the operation, or never sent as 0 (Envoy NACKs it)',
  },
  V03: {
    level: 'SHOULD',
    where: 'ads',
    text: "weights 4294967295 twice: refused, or the locality's sum stays within 2^32-1",
  },
  V04: { level: 'MUST', where: 'ads', text: 'an IPv6 endpoint is an address without brackets' },
  V05: {
    level: 'MUST',
    where: 'ads',
    text: 'a host name endpoint is refused, kept out of EDS, or served by a DNS cluster (Envoy NACKs it in EDS)',
  },
  V06: { level: 'MUST', where: 'ads', text: 'the same endpoint put twice is one endpoint' },
  V07: { level: 'SHOULD', where: 'ads', text: 'an operation that changes nothing sends nothing' },
  V08: { level: 'PROD', where: 'ads', text: 'a change reaches the stream within 500 ms' },
  V09: {
    level: 'SHOULD',
    where: 'ads',
    text: 'the weight of a locality is at most 2^31-1, and localities keep their ratios (grpc-java drops one above it)',
  },
  X01: {
    level: 'MUST',
    where: 'sotw-ads',
    text: 'after a restart no version_info given before it hides changed content',
  },
  X02: {
    level: 'MUST',
    where: 'delta-ads',
    text: 'after a restart no resource version given before it hides changed content',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof RULES;
