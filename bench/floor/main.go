// Command floor is not a control plane: it is the least work a server can do to satisfy ../load, to show what the
// machine itself allows. All responses are encoded once; an update writes the same ready-made bytes (stream id 1 on
// every connection) straight to each socket from one goroutine. It keeps no versions, nonces or subscriptions.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"

	"signalbox/bench/resources"
)

var (
	fListen    = flag.String("listen", "127.0.0.1:18000", "")
	fHTTP      = flag.String("http", "127.0.0.1:18001", "")
	fServices  = flag.Int("services", 100, "")
	fEndpoints = flag.Int("endpoints", 10, "")
	fDelta     = flag.Bool("delta", false, "what to speak")
)

type conn struct {
	net.Conn
	mu    sync.Mutex
	ready bool
}

var (
	mu    sync.Mutex
	conns = map[*conn]bool{}
	first = map[string][]byte{} // type URL -> frames of the first response
	clas  []*endpoint.ClusterLoadAssignment
	enc   [][]byte // clas, encoded
)

const edsURL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"

// frames wraps one gRPC message in HTTP/2 DATA frames of stream 1.
func frames(msg []byte) []byte {
	b := make([]byte, 0, len(msg)+len(msg)/16384*9+32)
	g := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(msg)))
	msg = append(g, msg...)
	for len(msg) > 0 {
		n := min(16384, len(msg))
		b = append(b, byte(n>>16), byte(n>>8), byte(n), 0, 0, 0, 0, 0, 1)
		b = append(b, msg[:n]...)
		msg = msg[n:]
	}
	return b
}

func respond(url, nonce string, names []string, rs [][]byte) []byte {
	var m proto.Message
	if *fDelta {
		d := &discovery.DeltaDiscoveryResponse{TypeUrl: url, Nonce: nonce}
		for i, r := range rs {
			d.Resources = append(d.Resources, &discovery.Resource{Name: names[i], Version: nonce, Resource: &anypb.Any{TypeUrl: url, Value: r}})
		}
		m = d
	} else {
		d := &discovery.DiscoveryResponse{TypeUrl: url, Nonce: nonce, VersionInfo: nonce}
		for _, r := range rs {
			d.Resources = append(d.Resources, &anypb.Any{TypeUrl: url, Value: r})
		}
		m = d
	}
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return frames(b)
}

func must(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func main() {
	flag.Parse()
	var names []string
	var cl [][]byte
	for i := 0; i < *fServices; i++ {
		names = append(names, resources.Service(i))
		c := resources.LoadAssignment(i, *fEndpoints)
		clas, enc, cl = append(clas, c), append(enc, must(c)), append(cl, must(resources.Cluster(i)))
	}
	for u, x := range map[string]struct {
		n []string
		r [][]byte
	}{
		"type.googleapis.com/envoy.config.cluster.v3.Cluster": {names, cl},
		edsURL: {names, enc},
		"type.googleapis.com/envoy.config.listener.v3.Listener":        {[]string{resources.ListenerName}, [][]byte{must(resources.Listener(19000))}},
		"type.googleapis.com/envoy.config.route.v3.RouteConfiguration": {[]string{resources.RouteName}, [][]byte{must(resources.Routes(*fServices))}},
	} {
		first[u] = respond(u, "1", x.n, x.r)
	}
	l, err := net.Listen("tcp", *fListen)
	if err != nil {
		log.Fatal(err)
	}
	nonce := 1
	http.HandleFunc("/update", func(w http.ResponseWriter, r *http.Request) {
		i, _ := strconv.Atoi(r.URL.Query().Get("service"))
		wt, _ := strconv.Atoi(r.URL.Query().Get("weight"))
		mu.Lock()
		defer mu.Unlock()
		nonce++
		c := proto.Clone(clas[i]).(*endpoint.ClusterLoadAssignment)
		c.Endpoints[0].LbEndpoints[0].LoadBalancingWeight = wrapperspb.UInt32(uint32(wt))
		clas[i], enc[i] = c, must(c)
		b := respond(edsURL, strconv.Itoa(nonce), []string{resources.Service(i)}, [][]byte{enc[i]})
		for c := range conns {
			c.mu.Lock()
			_, _ = c.Write(b)
			c.mu.Unlock()
		}
		fmt.Fprintln(w, "{}")
	})
	go func() { log.Fatal(http.ListenAndServe(*fHTTP, nil)) }()
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(&conn{Conn: c})
	}
}

func serve(c *conn) {
	defer c.Close()
	br := bufio.NewReaderSize(c, 32<<10)
	if _, err := io.CopyN(io.Discard, br, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	var hb lockedWriter = lockedWriter{c}
	fr := http2.NewFramer(hb, br)
	_ = fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 24})
	_ = fr.WriteWindowUpdate(0, 1<<30)
	defer func() { mu.Lock(); delete(conns, c); mu.Unlock() }()
	var buf []byte
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = fr.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				_ = fr.WritePing(true, f.Data)
			}
		case *http2.HeadersFrame:
			var h writeBuf
			e := hpack.NewEncoder(&h)
			_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			_ = e.WriteField(hpack.HeaderField{Name: "content-type", Value: "application/grpc"})
			_ = fr.WriteHeaders(http2.HeadersFrameParam{StreamID: f.StreamID, BlockFragment: h, EndHeaders: true})
			_ = fr.WriteWindowUpdate(f.StreamID, 1<<30)
		case *http2.DataFrame:
			buf = append(buf, f.Data()...)
			for len(buf) >= 5 {
				n := int(binary.BigEndian.Uint32(buf[1:5]))
				if len(buf) < 5+n {
					break
				}
				request(c, buf[5:5+n])
				buf = append(buf[:0], buf[5+n:]...)
			}
		}
	}
}

type writeBuf []byte

func (w *writeBuf) Write(b []byte) (int, error) { *w = append(*w, b...); return len(b), nil }

type lockedWriter struct{ c *conn }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	return w.c.Conn.Write(b)
}

func request(c *conn, b []byte) {
	uf, nf := 4, 5
	if *fDelta {
		uf, nf = 2, 6
	}
	url, nonce := "", false
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		b = b[n:]
		m := protowire.ConsumeFieldValue(num, typ, b)
		if typ == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(b)
			if int(num) == uf {
				url = string(v)
			}
			nonce = nonce || int(num) == nf
		}
		b = b[m:]
	}
	if nonce {
		return
	}
	c.mu.Lock()
	_, _ = c.Write(first[url])
	c.mu.Unlock()
	if url == edsURL {
		mu.Lock()
		conns[c] = true
		mu.Unlock()
	}
}
