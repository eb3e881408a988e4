// Package resources makes what every server of the benchmark serves, so that bytes can be compared.
package resources

import (
	"fmt"

	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	router "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

const (
	ListenerName = "listener-0"
	RouteName    = "route-0"
)

// Service is the name of service i.
func Service(i int) string { return fmt.Sprintf("svc-%05d", i) }

func ads() *core.ConfigSource {
	return &core.ConfigSource{
		ResourceApiVersion:    core.ApiVersion_V3,
		ConfigSourceSpecifier: &core.ConfigSource_Ads{Ads: &core.AggregatedConfigSource{}},
	}
}

// Cluster is EDS over ads.
func Cluster(i int) *cluster.Cluster {
	return &cluster.Cluster{
		Name:                 Service(i),
		ConnectTimeout:       durationpb.New(5e9),
		ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_EDS},
		EdsClusterConfig:     &cluster.Cluster_EdsClusterConfig{EdsConfig: ads()},
		LbPolicy:             cluster.Cluster_ROUND_ROBIN,
	}
}

// LoadAssignment of service i: one locality with e endpoints of weight 1.
func LoadAssignment(i, e int) *endpoint.ClusterLoadAssignment {
	loc := &endpoint.LocalityLbEndpoints{
		Locality:            &core.Locality{Region: "r1", Zone: "z1"},
		LoadBalancingWeight: wrapperspb.UInt32(1),
	}
	for j := 0; j < e; j++ {
		loc.LbEndpoints = append(loc.LbEndpoints, &endpoint.LbEndpoint{
			HostIdentifier: &endpoint.LbEndpoint_Endpoint{Endpoint: &endpoint.Endpoint{
				Address: &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
					Address:       fmt.Sprintf("127.%d.%d.%d", (i>>8)&255, i&255, j+1),
					PortSpecifier: &core.SocketAddress_PortValue{PortValue: 8080},
				}}},
			}},
			HealthStatus:        core.HealthStatus_HEALTHY,
			LoadBalancingWeight: wrapperspb.UInt32(1),
		})
	}
	return &endpoint.ClusterLoadAssignment{ClusterName: Service(i), Endpoints: []*endpoint.LocalityLbEndpoints{loc}}
}

// Routes is one route configuration with a prefix route to each of s services.
func Routes(s int) *route.RouteConfiguration {
	rs := make([]*route.Route, 0, s)
	for i := 0; i < s; i++ {
		rs = append(rs, &route.Route{
			Match:  &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/" + Service(i) + "/"}},
			Action: &route.Route_Route{Route: &route.RouteAction{ClusterSpecifier: &route.RouteAction_Cluster{Cluster: Service(i)}}},
		})
	}
	return &route.RouteConfiguration{
		Name:         RouteName,
		VirtualHosts: []*route.VirtualHost{{Name: "all", Domains: []string{"*"}, Routes: rs}},
	}
}

// Listener takes its routes by RDS.
func Listener(port int) *listener.Listener {
	rt, err := anypb.New(&router.Router{})
	if err != nil {
		panic(err)
	}
	m, err := anypb.New(&hcm.HttpConnectionManager{
		StatPrefix:     "ingress",
		RouteSpecifier: &hcm.HttpConnectionManager_Rds{Rds: &hcm.Rds{ConfigSource: ads(), RouteConfigName: RouteName}},
		HttpFilters:    []*hcm.HttpFilter{{Name: "envoy.filters.http.router", ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: rt}}},
	})
	if err != nil {
		panic(err)
	}
	return &listener.Listener{
		Name: ListenerName,
		Address: &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
			Address: "127.0.0.1", PortSpecifier: &core.SocketAddress_PortValue{PortValue: uint32(port)},
		}}},
		FilterChains: []*listener.FilterChain{{Filters: []*listener.Filter{{
			Name: "envoy.filters.network.http_connection_manager", ConfigType: &listener.Filter_TypedConfig{TypedConfig: m},
		}}}},
	}
}
