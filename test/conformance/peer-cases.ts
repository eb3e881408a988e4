/** A case of another project's cache tests, with what stands for it here. */
export interface PeerCase {
  readonly name: string;
  /** Rules of this page, or tests: `file › title`. Empty where there is none, and then a reason. */
  readonly ours: readonly string[];
  /** Why there is none, or what differs. */
  readonly note?: string;
}

/** The cases of one file. */
export interface PeerFile {
  readonly project: 'go-control-plane' | 'java-control-plane';
  readonly file: string;
  readonly cases: readonly PeerCase[];
}

const CACHE = 'test/unit/snapshot/cache.test.ts';
const SET = 'test/unit/snapshot/resource-set.test.ts';
const SERVER = 'test/component/library/server.test.ts';
const LINEAR = 'test/unit/snapshot/linear-cache.test.ts';
const GIVEN = 'test/unit/resources/given.test.ts';
const CONSISTENT = 'test/unit/release/consistency.test.ts';

const linear = `${SERVER} › a linear cache is served from the start, and follows each change`;
const put = `${LINEAR} › resources are put, changed, deleted and replaced; the version is that of the content`;
const wrongType = `${LINEAR} › a resource of another type is refused, and nothing changes`;
const anyType = `${SERVER} › resources of any type are served by their type URL, with TTL and heartbeats`;
const status = `${SERVER} › the status of a proxy tells what was sent, acknowledged and rejected`;
const told = `${SERVER} › callbacks are told of everything in its order`;
const veto = `${SERVER} › a veto of %s ends the stream`;
const thrown = `${SERVER} › a callback that throws ends its stream, not the server`;
const groups = `${CACHE} › groups are apart`;
const cleared = `${CACHE} › a group that is forgotten has no snapshot, and its proxies keep what they have`;
const consistent = `${CONSISTENT} › a snapshot whose references all lead somewhere is consistent`;
const missing = `${CONSISTENT} › each reference that leads nowhere is named`;
const scoped = `${CONSISTENT} › scoped routes that stand in the listener count`;
const references = `${GIVEN} › the references of routes and scoped routes are read`;
const object = `${GIVEN} › a plain object becomes a resource, by its message type or its type URL`;
const wrong = `${GIVEN} › an error names the resource, the field and its path`;
const shared = 'test/unit/xds/response.test.ts › streams in the same place share one response';
const version = `${SET} › the version depends on the content alone, not on how it came about`;
const interleaved =
  'test/unit/xds/interleavings.test.ts › whatever the order in which requests, changes and responses meet, the proxy is told everything';

const NO_WATCHES =
  'there are no watches: a stream is brought to each new snapshot, and a subscription is its state';
const NO_REST = 'REST is not served: Envoy and gRPC speak the streams';
const NO_PREFIX = 'left out: glob collections (xdstp) are not served';
const EXTERNAL_SCOPES =
  'scoped routes as resources of their own are served, and not checked: only those in the listener are';

const of = (name: string, ours: readonly string[], note?: string): PeerCase => ({
  name,
  ours,
  ...(note !== undefined && { note }),
});

export const PEER_CASES: readonly PeerFile[] = [
  {
    project: 'go-control-plane',
    file: 'pkg/cache/v3/simple_test.go',
    cases: [
      of('TestSnapshotCacheWithTTL', ['G17', anyType]),
      of('TestSnapshotCache', ['R01', 'R08', 'R10', groups]),
      of('TestSnapshotCacheFetch', [], NO_REST),
      of('TestSnapshotCacheWatch', ['R30', 'R36', 'R39']),
      of(
        'TestConcurrentSetWatch',
        [interleaved, 'R47'],
        'JavaScript runs one thing at a time; the orders are what can differ',
      ),
      of('TestSnapshotCacheWatchCancel', ['G06', 'G09', status]),
      of(
        'TestSnapshotCacheWatchTimeout',
        ['G11', 'G12'],
        'a client that does not read gets what it is to have later, merged',
      ),
      of('TestSnapshotCreateWatchWithResourcePreviouslyNotRequested', ['R17', 'S05']),
      of('TestSnapshotClear', [cleared]),
      of('TestSnapshotSingleResourceFetch', [], NO_REST),
      of('TestAvertPanicForWatchOnNonExistentSnapshot', [
        'G17',
        `${CACHE} › a group has no snapshot before its first one, which may be empty`,
      ]),
    ],
  },
  {
    project: 'go-control-plane',
    file: 'pkg/cache/v3/delta_test.go',
    cases: [
      of('TestSnapshotCacheDeltaWatch', ['R17', 'R36', 'D07']),
      of('TestDeltaRemoveResources', ['R40', 'R41']),
      of('TestConcurrentSetDeltaWatch', [interleaved, 'R47']),
      of('TestSnapshotDeltaCacheWatchTimeout', ['G11', 'G12']),
      of('TestSnapshotCacheDeltaWatchCancel', ['G06', 'G09', status]),
    ],
  },
  {
    project: 'go-control-plane',
    file: 'pkg/cache/v3/linear_test.go',
    cases: [
      of('TestLinearInitialResources', [put, linear]),
      of('TestLinearCornerCases', [wrongType, 'G04'], 'an undefined resource removes; the compiler says so'),
      of('TestLinearBasic', [linear, 'R29']),
      of('TestLinearSetResources', [put]),
      of('TestLinearGetResources', [put]),
      of(
        'TestLinearVersionPrefix',
        ['S07', version],
        'needless: versions are hashes of the content, which replicas agree on',
      ),
      of('TestLinearDeletion', [linear, 'R40', 'R41']),
      of('TestLinearWatchTwo', ['R29', 'R36']),
      of('TestLinearCancel', ['R20', status]),
      of('TestLinearConcurrentSetWatch', [interleaved]),
      of('TestLinearDeltaWildcard', [linear, 'D16']),
      of('TestLinearDeltaExistingResources', ['R08', 'R28']),
      of('TestLinearDeltaInitialResourcesVersionSet', ['D09', 'D10']),
      of('TestLinearDeltaResourceUpdate', ['R36', 'D07']),
      of('TestLinearDeltaResourceDelete', ['R41']),
      of('TestLinearDeltaMultiResourceUpdates', ['D07', 'R47']),
      of('TestLinearMixedWatches', [linear], 'both variants from one cache'),
      of('TestLinearSotwWatches', ['R37', 'R38', 'R40']),
      of('TestLinearSotwNonWildcard', ['R11', 'R12', 'R20']),
      of('TestLinearDeltaPrefixSubscription', [], NO_PREFIX),
      of('TestIsSubscribedTo', [], NO_PREFIX),
    ],
  },
  {
    project: 'go-control-plane',
    file: 'pkg/cache/v3/snapshot_test.go',
    cases: [
      of('TestTestSnapshotIsConsistent', [consistent]),
      of(
        'TestSnapshotWithOnlyEndpointIsInconsistent',
        [`${CONSISTENT} › what nothing refers to is no inconsistency`],
        'not an error here: a load assignment that nobody refers to is sent to nobody',
      ),
      of('TestClusterWithMissingEndpointIsInconsistent', [missing]),
      of('TestListenerWithMissingRoutesIsInconsistent', [missing]),
      of('TestListenerWithUnidentifiedRouteIsInconsistent', [missing]),
      of('TestRouteListenerWithRouteIsConsistent', [consistent]),
      of('TestScopedRouteListenerWithScopedRouteOnlyIsInconsistent', [], EXTERNAL_SCOPES),
      of('TestScopedRouteListenerWithScopedRouteAndRouteIsConsistent', [], EXTERNAL_SCOPES),
      of('TestScopedRouteListenerWithInlineScopedRouteAndRouteIsConsistent', [scoped]),
      of('TestScopedRouteListenerWithInlineScopedRouteAndNoRouteIsInconsistent', [scoped]),
      of('TestMultipleListenersWithScopedRouteAndRouteIsConsistent', [], EXTERNAL_SCOPES),
      of('TestSnapshotGetters', [
        'test/unit/snapshot/snapshot.test.ts › a type that it does not have is an empty set',
      ]),
      of('TestNewSnapshotBadType', [anyType], 'any type is taken'),
    ],
  },
  {
    project: 'go-control-plane',
    file: 'pkg/cache/v3/{cache,order,resource,resources,status}_test.go',
    cases: [
      of('TestResponseGetDiscoveryResponse', ['R03', shared]),
      of('TestPassthroughResponseGetDiscoveryResponse', [], 'responses are made by the server alone'),
      of('TestHeartbeatResponseGetDiscoveryResponse', [
        'G17',
        'test/unit/xds/response.test.ts › heartbeats name what was sent with a TTL and is subscribed to',
      ]),
      of('TestOrderKeys', ['R52', 'R53', 'R54']),
      of('TestValidate', [wrong]),
      of('TestGetResourceName', [object]),
      of('TestGetResourceNames', [object]),
      of('TestGetResourceReferences', [object, references]),
      of('TestGetAllResourceReferencesReturnsExpectedRefs', [references, consistent]),
      of('TestIndexResourcesByName', [
        'test/unit/snapshot/snapshot.test.ts › of two resources of one name the last one counts',
      ]),
      of('TestIndexRawResourceByName', [`${GIVEN} › bytes of any type are taken as they are`]),
      of('TestNewResources', [version]),
      of(
        'TestIDHash',
        [status],
        'a group is what a function of the node says; without one all proxies are one group',
      ),
      of('TestNewStatusInfo', [status]),
    ],
  },
  {
    project: 'go-control-plane',
    file: 'pkg/server/v3/{server,delta,gateway}_test.go',
    cases: [
      of('TestServerShutdown', ['test/real/xds/drain.test.ts']),
      of('TestResponseHandlers, TestDeltaResponseHandlers, TestDeltaResponseHandlersWildcard', [
        'R01',
        'R08',
        'R10',
        'R11',
      ]),
      of('TestFetch, TestGateway', [], NO_REST),
      of('TestSendError, TestSendDeltaError', ['G09'], 'a stream that cannot be written to has ended'),
      of('TestStaleNonce', ['S01', 'S02']),
      of('TestAggregatedHandlers, TestDeltaAggregatedHandlers', ['R14']),
      of('TestAggregatedHandlersDropStaleResponseAfterUnsubscribe', ['R20', 'R21']),
      of('TestAggregateRequestType, TestDeltaAggregateRequestType', ['G03']),
      of('TestCancellations, TestDeltaCancellations', ['G06', 'G09']),
      of('TestOpaqueRequestsChannelMuxing, TestDeltaOpaqueRequestsChannelMuxing', ['G02', anyType]),
      of('TestNilPropagationOverResponseChannelShouldCloseTheStream', [], NO_WATCHES),
      of('TestCallbackError, TestDeltaCallbackError', [veto, thrown]),
      of('TestDeltaWildcardSubscriptions', ['R25', 'D03', 'D05']),
      of('TestDeltaMultipleStreams', ['R35', veto]),
    ],
  },
  {
    project: 'java-control-plane',
    file: 'cache/…/v3/SimpleCacheTest.java',
    cases: [
      of(
        'invalidNamesListShouldReturnWatcherWithNoResponseInAdsMode',
        ['R26'],
        'known names are answered though others are not known (R27), as the protocol document asks',
      ),
      of(
        'invalidNamesListShouldReturnWatcherWithDefaultEmptyResponseInAdsModeAndAllowDefaultEmptyEdsUpdate',
        [],
        'no such option: an unknown name is answered with its removal in delta (R28), and not at all in SotW',
      ),
      of('invalidNamesListShouldReturnWatcherWithResponseInXdsMode', ['R26', 'R27']),
      of('successfullyWatchAllResourceTypesWithSetBeforeWatch', ['R14']),
      of('shouldSendEdsWhenClusterChangedButEdsVersionDidnt', ['R51']),
      of('successfullyWatchAllResourceTypesWithSetAfterWatch', [
        `${CACHE} › a group has no snapshot before its first one, which may be empty`,
        'R29',
      ]),
      of('successfullyWatchAllResourceTypesWithSetBeforeWatchWithRequestVersion', ['S04', 'S06']),
      of('successfullyWatchAllResourceTypesWithSetBeforeWatchWithSameRequestVersionNewResourceHints', [
        'S05',
        'R17',
      ]),
      of(
        'successfullyWatchAllResourceTypesWithSetBeforeWatchWithSameRequestVersionNewResourceHintsNoChange',
        ['R30', 'S08'],
      ),
      of('setSnapshotWithVersionMatchingRequestShouldLeaveWatchOpenWithoutAdditionalResponse', [
        'V07',
        'R30',
      ]),
      of('watchesAreReleasedAfterCancel', ['G06', status]),
      of('watchIsLeftOpenIfNotRespondedImmediately', ['R29']),
      of('getSnapshot', [groups]),
      of('clearSnapshot', [cleared]),
      of(
        'clearSnapshotWithWatches',
        [cleared],
        'a group can be forgotten while proxies are connected: they keep what they have',
      ),
      of('groups', [groups]),
    ],
  },
  {
    project: 'java-control-plane',
    file: 'cache/…/v3/SnapshotTest.java, ResourcesTest.java, SnapshotResourcesTest.java',
    cases: [
      of(
        'createSingleVersionSetsResourcesCorrectly, createSeparateVersionsSetsResourcesCorrectly',
        [version],
        'versions are not given: they are hashes of the content',
      ),
      of('createSetsExtensionConfigsCorrectly, createSeparateVersionsSetsExtensionConfigsCorrectly', [
        anyType,
      ]),
      of('versionReturnsExpectedVersion', [version]),
      of('ensureConsistentReturnsWithoutExceptionForConsistentSnapshot', [consistent]),
      of('ensureConsistentThrowsIfEndpointOrRouteRefCountMismatch', [missing]),
      of('ensureConsistentThrowsIfEndpointOrRouteNamesMismatch', [missing]),
      of('getResourceNameReturnsExpectedNameForValidResourceMessage', [object]),
      of('getResourceNameReturnsEmptyStringForNonResourceMessage, getResourceNameAnyThrowsOnBadClass', [
        `${GIVEN} › what Envoy would refuse by its rules is refused here`,
      ]),
      of('getResourceReferencesReturnsExpectedReferencesForValidResourceMessages', [object, references]),
      of(
        'createBuildsResourcesMapWithNameAndPopulatesVersion, populatesVersionWithSeparateVersionPerCluster',
        [version, 'D08'],
      ),
    ],
  },
  {
    project: 'java-control-plane',
    file: 'cache/…/CacheStatusInfoTest.java, WatchTest.java',
    cases: [
      of('nodeGroupReturnsExpectedGroup', [status]),
      of(
        'lastWatchRequestTimeReturns0IfNotSet, lastWatchRequestTimeReturnsExpectedValueIfSet, numWatchesReturnsExpectedSize',
        [status],
        'status() tells versions and when the stream began, not times of requests',
      ),
      of('watchesRemoveIfRemovesExpectedWatches, testConcurrentSetWatchAndRemove', [], NO_WATCHES),
      of(
        'adsReturnsGivenValue, isCancelledTrueAfterCancel, cancelWithStopCallsStop, responseHandlerExecutedForResponsesUntilCancelled',
        [],
        NO_WATCHES,
      ),
    ],
  },
  {
    project: 'java-control-plane',
    file: 'server/…/V3DiscoveryServerTest.java and its neighbours',
    cases: [
      of('testAggregatedHandler, testSeparateHandlers', ['R01', 'R10', 'R14']),
      of('testWatchClosed, testSendError', ['G06', 'G09']),
      of('testStaleNonce', ['S01', 'S02']),
      of('testAggregateHandlerDefaultRequestType', ['G03']),
      of('testSeparateHandlersDefaultRequestType', ['G04']),
      of('testCallbacksAggregateHandler, testCallbacksSeparateHandlers', [told]),
      of(
        'testCallbacksOnError, testCallbacksOnCancelled, callbackOnError_logsError_onException, callbackOnError_doesNotLogError_whenCancelled',
        [told],
        'streamClosed, however the stream ended',
      ),
      of('testCallbacksOpenException, testCallbacksRequestException, testCallbacksOtherStatusException', [
        veto,
        thrown,
      ]),
      of(
        'testSingleSnapshot, testAsyncCollection, testCloseBeforeRequest',
        [],
        'left out: groups are not collected by themselves; watch status() and call clearSnapshot',
      ),
      of(
        'shouldKeepCachedProtoWhenSerializingSameV3Message, shouldKeepCachedProtoWhenSerializingSameV3Messages',
        [shared],
      ),
      of(
        'shouldReturnDifferentInstanceOfSerializedProtoWhenV3ResourcesAreTheSame, shouldReturnDifferentInstancesOfSerializedProtoWhenV3ResourcesAreTheSame',
        [],
        'there is one way of serializing, and it encodes once',
      ),
    ],
  },
];
