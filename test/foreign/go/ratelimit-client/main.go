// Command ratelimit-client follows rate limit configurations with go-control-plane's xDS client, as Envoy's rate limit
// service does, and prints a line for each response: the names of the configurations, sorted.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"sort"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/envoyproxy/go-control-plane/pkg/client/sotw/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	ratelimit "github.com/envoyproxy/go-control-plane/ratelimit/config/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Each line of standard input answers one response: "ack", or "nack REASON".
func main() {
	address := flag.String("address", "", "host:port of the control plane")
	node := flag.String("node", "ratelimit", "the node's id")
	flag.Parse()

	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	client := sotw.NewADSClient(context.Background(), &core.Node{Id: *node}, resource.RateLimitConfigType)
	check(client.InitConnect(connection))
	verdicts := bufio.NewScanner(os.Stdin)
	for {
		response, err := client.Fetch()
		check(err)
		names := make([]string, 0, len(response.Resources))
		for _, packed := range response.Resources {
			var config ratelimit.RateLimitConfig
			check(packed.UnmarshalTo(&config))
			names = append(names, config.GetName())
		}
		sort.Strings(names)
		fmt.Printf("got [%s]\n", strings.Join(names, " "))
		if !verdicts.Scan() {
			return
		}
		if reason, rejected := strings.CutPrefix(verdicts.Text(), "nack "); rejected {
			check(client.Nack(reason))
		} else {
			check(client.Ack())
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
