// Command peer serves ADS (SotW and delta) out of go-control-plane, the way its users do, so that Signalbox can be
// measured beside it with ../load.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cachev3 "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"

	"signalbox/bench/resources"
)

var (
	listen     = flag.String("listen", "127.0.0.1:18000", "gRPC (ADS) address")
	control    = flag.String("http", "127.0.0.1:18001", "control address: POST /update, GET /sizes")
	cacheKind  = flag.String("cache", "snapshot", "snapshot (one node id a proxy) | linear (MuxCache over one LinearCache per type)")
	nodes      = flag.Int("nodes", 100, "snapshot: how many node ids, node-0 and up, to hold snapshots for")
	nServices  = flag.Int("services", 100, "S")
	nEndpoints = flag.Int("endpoints", 10, "E, per service")
)

// state is what is served. Resources are never mutated, only replaced.
type state struct {
	mu       sync.Mutex
	version  uint64 // of EDS, the only type that changes
	clas     []types.Resource
	clusters []types.Resource
	routes   []types.Resource
	lis      []types.Resource
	still    [types.UnknownType]cachev3.Resources // the groups that do not change

	snapshots cachev3.SnapshotCache
	linear    *cachev3.LinearCache // EDS
}

func newState() *state {
	s := &state{version: 1}
	for i := range *nServices {
		s.clas = append(s.clas, resources.LoadAssignment(i, *nEndpoints))
		s.clusters = append(s.clusters, resources.Cluster(i))
	}
	s.routes = []types.Resource{resources.Routes(*nServices)}
	s.lis = []types.Resource{resources.Listener(19000)}
	s.still[types.Cluster] = cachev3.NewResources("1", s.clusters)
	s.still[types.Route] = cachev3.NewResources("1", s.routes)
	s.still[types.Listener] = cachev3.NewResources("1", s.lis)
	return s
}

func (s *state) cache(ctx context.Context) (cachev3.Cache, error) {
	switch *cacheKind {
	case "snapshot":
		s.snapshots = cachev3.NewSnapshotCache(true, cachev3.IDHash{}, nil)
		return s.snapshots, s.publish(ctx)
	case "linear":
		of := func(t string, rs []types.Resource) *cachev3.LinearCache {
			return cachev3.NewLinearCache(t, cachev3.WithInitialResources(cachev3.IndexRawResourcesByName(rs)))
		}
		s.linear = of(resource.EndpointType, s.clas)
		return &cachev3.MuxCache{
			Classify:      func(r *cachev3.Request) string { return r.GetTypeUrl() },
			ClassifyDelta: func(r *cachev3.DeltaRequest) string { return r.GetTypeUrl() },
			Caches: map[string]cachev3.Cache{
				resource.EndpointType: s.linear,
				resource.ClusterType:  of(resource.ClusterType, s.clusters),
				resource.ListenerType: of(resource.ListenerType, s.lis),
				resource.RouteType:    of(resource.RouteType, s.routes),
			},
		}, nil
	}
	return nil, fmt.Errorf("-cache %q", *cacheKind)
}

// publish gives every node the same new snapshot, in which only EDS has a new version.
func (s *state) publish(ctx context.Context) error {
	snapshot := &cachev3.Snapshot{Resources: s.still}
	snapshot.Resources[types.Endpoint] = cachev3.NewResources(strconv.FormatUint(s.version, 10), s.clas)
	for i := range *nodes {
		if err := s.snapshots.SetSnapshot(ctx, "node-"+strconv.Itoa(i), snapshot); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) update(ctx context.Context, service int, weight uint32) error {
	if service < 0 || service >= len(s.clas) {
		return fmt.Errorf("service out of range")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cla := proto.Clone(s.clas[service]).(*endpoint.ClusterLoadAssignment)
	cla.Endpoints[0].LbEndpoints[0].LoadBalancingWeight = wrapperspb.UInt32(weight)
	s.clas[service] = cla
	s.version++
	if s.linear != nil {
		return s.linear.UpdateResource(cla.ClusterName, cla)
	}
	return s.publish(ctx)
}

func (s *state) handleUpdate(w http.ResponseWriter, r *http.Request) {
	service, err1 := strconv.Atoi(r.URL.Query().Get("service"))
	weight, err2 := strconv.ParseUint(r.URL.Query().Get("weight"), 10, 32)
	if err1 != nil || err2 != nil || weight == 0 {
		http.Error(w, "want ?service=<int>&weight=<1..>", http.StatusBadRequest)
		return
	}
	if err := s.update(context.Background(), service, uint32(weight)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// handleSizes tells the bytes of each type's resources: the floor for the wire.
func (s *state) handleSizes(w http.ResponseWriter, _ *http.Request) {
	out := map[string]any{}
	for name, rs := range map[string][]types.Resource{"cds": s.clusters, "eds": s.clas, "lds": s.lis, "rds": s.routes} {
		total := 0
		for _, r := range rs {
			total += proto.Size(r)
		}
		out[name] = map[string]int{"count": len(rs), "bytes": total, "each": total / max(1, len(rs))}
	}
	_ = json.NewEncoder(w).Encode(out)
}

func main() {
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	s := newState()
	cache, err := s.cache(ctx)
	if err != nil {
		log.Fatal(err)
	}
	g := grpc.NewServer( // the options of the library's own example
		grpc.MaxConcurrentStreams(1000000),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 5 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 30 * time.Second, PermitWithoutStream: true}),
	)
	discovery.RegisterAggregatedDiscoveryServiceServer(g, serverv3.NewServer(ctx, cache, nil))
	lis, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /update", s.handleUpdate)
	http.HandleFunc("GET /sizes", s.handleSizes)
	go func() { log.Fatal(http.ListenAndServe(*control, nil)) }()
	go func() { <-ctx.Done(); g.Stop() }()
	if err := g.Serve(lis); err != nil {
		log.Fatal(err)
	}
}
