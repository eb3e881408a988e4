// Command xdsload measures an xDS control plane: C clients subscribe over ADS as Envoys do, then the endpoints of
// one service at a time are changed through a hook and the time until every client has the change is taken.
// It prints one line of JSON.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed envoy-1.40-node.bin
var realNode []byte // the Node that an Envoy 1.40 sends: 61 KB, nearly all of it its list of extensions

type tracked struct {
	slot  map[string]int32 // EDS name -> slot
	names []string
	svc   []int // slot -> service index
}

type update struct {
	slot   int32
	weight uint32
	t0     time.Time
	hook   time.Duration
	left   atomic.Int64
	done   chan struct{}
	lat    []int64      // by client, ns; 0: not seen
	bare   atomic.Int64 // seen by the bare watch of the registry, ns
}

type gen struct {
	target     string
	nodeAlways bool
	services   int
	endpoints  int
	clients    []*client
	tracked    atomic.Pointer[tracked]
	ups        atomic.Pointer[[]*update]
	base       uint32

	initial [nTypes][]byte
	resume  bool

	reusedNonce atomic.Int64
	routesSeen  atomic.Int64
	dups        atomic.Int64
	disorder    atomic.Int64
	nDone       atomic.Int64
	allDone     chan struct{}

	vmu      sync.Mutex
	versions [nTypes]map[string]string
}

func (g *gen) noteVersion(t int, name, v string) {
	g.vmu.Lock()
	defer g.vmu.Unlock()
	if g.versions[t] == nil {
		g.versions[t] = map[string]string{}
	}
	g.versions[t][name] = v
}

func (g *gen) completed(*client) {
	if g.nDone.Add(1) == int64(len(g.clients)) {
		close(g.allDone)
	}
}

// seen: client c holds service slot at weight w now.
func (g *gen) seen(c *client, _ *tracked, slot int32, w uint32) {
	prev := c.last[slot]
	if w == prev {
		g.dups.Add(1)
		return
	}
	if w < prev {
		g.disorder.Add(1)
	}
	c.last[slot] = w
	ups := g.ups.Load()
	if ups == nil {
		return
	}
	k := int64(w) - int64(g.base) - 1
	if k < 0 || k >= int64(len(*ups)) {
		return
	}
	u := (*ups)[k]
	if u.slot != slot || u.lat[c.id] != 0 {
		return
	}
	u.lat[c.id] = max(1, int64(time.Since(u.t0)))
	if u.left.Add(-1) == 0 {
		close(u.done)
	}
}

type multi []string

func (m *multi) String() string     { return strings.Join(*m, ",") }
func (m *multi) Set(s string) error { *m = append(*m, s); return nil }

func ms(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

// pct of sorted v, nearest rank.
func pct(v []time.Duration, p float64) time.Duration {
	if len(v) == 0 {
		return 0
	}
	i := int(math.Ceil(p*float64(len(v)))) - 1
	return v[min(max(i, 0), len(v)-1)]
}

func sorted(v []time.Duration) []time.Duration {
	sort.Slice(v, func(i, j int) bool { return v[i] < v[j] })
	return v
}

type totals struct {
	rx, tx, acks      int64
	msgs, bytes, ress [nTypes]int64
}

func (g *gen) totals() (t totals) {
	for _, c := range g.clients {
		t.rx += c.rx.Load()
		t.tx += c.tx.Load()
		t.acks += c.acks.Load()
		for i := 0; i < nTypes; i++ {
			t.msgs[i] += c.msgs[i].Load()
			t.bytes[i] += c.msgBytes[i].Load()
			t.ress[i] += c.resources[i].Load()
		}
	}
	return t
}

func perType(a, b [nTypes]int64, by float64) map[string]float64 {
	m := map[string]float64{}
	for i := range a {
		if d := b[i] - a[i]; d != 0 {
			m[typeNames[i]] = round(float64(d)/by, 3)
		}
	}
	return m
}

func round(f float64, n int) float64 {
	p := math.Pow10(n)
	return math.Round(f*p) / p
}

func mb(kb int64) float64 { return round(float64(kb)/1024, 1) }

func main() {
	var (
		label      = flag.String("label", "", "copied into the result")
		target     = flag.String("target", "127.0.0.1:18000", "ADS address")
		nClients   = flag.Int("clients", 100, "C")
		mode       = flag.String("mode", "sotw", "sotw | delta")
		prefix     = flag.String("node-prefix", "node-", "node ids are <prefix><i>")
		nodeClu    = flag.String("node-cluster", "bench", "node.cluster")
		nodeKind   = flag.String("node", "real", "real: the 61 KB Node of an Envoy 1.40 | small")
		nodeAlways = flag.Bool("node-always", false, "send the Node in every request (Envoy without set_node_on_first_message_only)")
		services   = flag.Int("services", 100, "S: EDS clusters a client must hold to be complete")
		endpoints  = flag.Int("endpoints", 0, "E: checked when above 0")
		format     = flag.String("cluster-format", "svc-%05d", "EDS resource name of service i")
		nUpd       = flag.Int("updates", 20, "U")
		warm       = flag.Int("warmup", 5, "updates before those counted")
		interval   = flag.Duration("interval", 200*time.Millisecond, "between updates")
		serial     = flag.Bool("serial", true, "fire an update only after every client has the one before")
		updTimeout = flag.Duration("update-timeout", 15*time.Second, "for one update to reach every client")
		timeout    = flag.Duration("timeout", 60*time.Second, "for the connect storm")
		settle     = flag.Duration("settle", 500*time.Millisecond, "pause around phases, for ACKs and GC to be counted where they belong")
		ramp       = flag.Float64("ramp", 0, "clients started a second; 0: all at once")
		pidList    = flag.String("pid", "", "server pids, comma-separated")
		tree       = flag.Bool("pid-tree", false, "count descendants of -pid too")
		method     = flag.String("update-method", "POST", "")
		url        = flag.String("update-url", "http://127.0.0.1:18001/update?service={service}&weight={weight}", "template: {service} {name} {weight} {seq}")
		body       = flag.String("update-body", "", "template")
		cmd        = flag.String("update-cmd", "", "template for sh -c, instead of the URL")
		stream     = flag.String("update-stream", "", "URL of one POST that takes all changes as lines, instead of a request each")
		wbase      = flag.Int64("weight-base", 0, "weights are base+1, base+2, …; 0: above all seen, at least 1000")
		regKind    = flag.String("registry", "", "consul | etcd: changes are put there, and a bare client watches it, instead of the hook")
		regAddr    = flag.String("registry-addr", "", "http://host:port of Consul, host:port of etcd")
		regKey     = flag.String("registry-key", "", "template of the instance's key: {name}")
		verify     = flag.Bool("verify", true, "client 0 decodes everything with the generated types and checks it")
		doResume   = flag.Bool("reconnect", false, "at the end drop all streams and reconnect with the versions held (needs -verify for delta)")
		doNack     = flag.Duration("nack", 0, "at the end one more client rejects every CDS response for this long; how often is it sent the same?")
		markURL    = flag.String("mark-url", "", "fetched before and after the measured updates; what it says after them goes into the result")
		budget     = flag.Duration("budget", 85*time.Second, "whole run; updates stop when it is near")
		headers    multi
	)
	flag.Var(&headers, "update-header", "K: V, repeatable")
	flag.Parse()
	debug.SetGCPercent(400)
	began := time.Now()

	g := &gen{target: *target, nodeAlways: *nodeAlways, services: *services, endpoints: *endpoints, allDone: make(chan struct{})}
	pr := procs{tree: *tree}
	for _, s := range strings.Split(*pidList, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			pr.pids = append(pr.pids, n)
		}
	}
	hk := &hook{method: *method, url: *url, body: *body, cmd: *cmd, headers: headers, stream: *stream}

	// Which service each update changes: spread over all, none twice before all had their turn.
	total := *nUpd + *warm
	tr := &tracked{slot: map[string]int32{}}
	slotOf := make([]int32, total)
	for k := range slotOf {
		i := k * 7919 % max(1, *services)
		n := fmt.Sprintf(*format, i)
		s, ok := tr.slot[n]
		if !ok {
			s = int32(len(tr.names))
			tr.slot[n], tr.names, tr.svc = s, append(tr.names, n), append(tr.svc, i)
		}
		slotOf[k] = s
	}
	g.tracked.Store(tr)

	var base []byte
	if *nodeKind == "real" {
		base = realNode
	}
	for i := 0; i < *nClients; i++ {
		g.clients = append(g.clients, &client{
			g: g, id: i, delta: *mode == "delta", last: make([]uint32, len(tr.names)), verify: *verify && i == 0,
			node: encodeNode(base, *prefix+strconv.Itoa(i), *nodeClu),
		})
	}

	out := map[string]any{"label": *label, "mode": *mode, "clients": *nClients, "services": *services, "node": *nodeKind}
	check := map[string]any{}
	var errMu sync.Mutex
	var errs []string
	nErr := 0
	fail := func(f string, a ...any) {
		errMu.Lock()
		defer errMu.Unlock()
		nErr++
		if len(errs) < 5 {
			errs = append(errs, fmt.Sprintf(f, a...))
		}
	}

	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	startAll := func(ctx context.Context) time.Time {
		t0 := time.Now()
		for i, c := range g.clients {
			if *ramp > 0 {
				time.Sleep(time.Until(t0.Add(time.Duration(float64(i) / *ramp * 1e9))))
				c.start = time.Now()
			} else {
				c.start = t0
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := c.run(ctx); err != nil && ctx.Err() == nil {
					fail("client %d: %v", c.id, err)
				}
				c.close()
			}()
		}
		return t0
	}

	// (a) connect storm
	s0, l0 := pr.take(), selfCPU()
	mt := startMeter(s0.cpu, l0)
	t0 := startAll(ctx)
	stormOK := true
	select {
	case <-g.allDone:
	case <-time.After(*timeout):
		stormOK = false
		fail("storm: %d of %d clients complete after %v", g.nDone.Load(), *nClients, *timeout)
	}
	all := time.Since(t0)
	time.Sleep(*settle)
	s1, l1 := pr.take(), selfCPU()
	tt := g.totals()
	var cs []time.Duration
	if stormOK {
		for _, c := range g.clients {
			cs = append(cs, c.completeN)
		}
		sorted(cs)
	}
	C := float64(*nClients)
	out["storm"] = map[string]any{
		"all_ms": ms(all), "p50_ms": ms(pct(cs, .5)), "p99_ms": ms(pct(cs, .99)), "max_ms": ms(pct(cs, 1)),
		"rx_bytes_per_client": round(float64(tt.rx)/C, 0), "tx_bytes_per_client": round(float64(tt.tx)/C, 0),
		"msgs_per_client": perType([nTypes]int64{}, tt.msgs, C), "bytes_per_client": perType([nTypes]int64{}, tt.bytes, C),
		"server_cpu_s": round((s1.cpu - s0.cpu).Seconds(), 3), "load_cpu_s": round((l1 - l0).Seconds(), 3),
		"others_cpu_pct": mt.others(s1.cpu, l1),
	}

	// (b) propagation
	var lat, last, hooks, bare []time.Duration
	missed, coalesced, wrong, nDoneUpd := 0, 0, 0, 0
	if stormOK && total > 0 {
		g.base = 1000
		for _, c := range g.clients {
			for _, w := range c.last {
				g.base = max(g.base, w)
			}
		}
		if *wbase > 0 {
			g.base = uint32(*wbase)
		}
		ups := make([]*update, total)
		for k := range ups {
			ups[k] = &update{slot: slotOf[k], weight: g.base + uint32(k) + 1, done: make(chan struct{}), lat: make([]int64, *nClients)}
			ups[k].left.Store(int64(*nClients))
		}
		g.ups.Store(&ups)
		wait := func(u *update) bool {
			select {
			case <-u.done:
				return true
			case <-time.After(*updTimeout):
				return false
			}
		}
		var sA sample
		var lA time.Duration
		var tA totals
		var wA time.Time
		if *stream != "" {
			if err := hk.open(ctx, func(err error) { fail("update stream: %v", err) }); err != nil {
				fail("update stream: %v", err)
			}
		}
		var reg *registry
		if *regKind != "" {
			reg = &registry{kind: *regKind, addr: *regAddr, key: *regKey}
			if err := reg.watch(ctx, func(err error) { fail("bare watch: %v", err) }); err != nil {
				fail("bare watch: %v", err)
			}
		}
		change := func(u *update, k int) error {
			if reg != nil {
				return reg.put(ctx, tr.names[u.slot], u.weight)
			}
			return hk.fire(ctx, tr.svc[u.slot], tr.names[u.slot], u.weight, k)
		}
		fired := 0
		stop := began.Add(*budget)
		due := time.Now() // of a burst, whose rate must not depend on how long the hook takes
		for k, u := range ups {
			if k == *warm {
				for _, v := range ups[:fired] {
					if !wait(v) {
						break
					}
				}
				time.Sleep(*settle)
				g.dups.Store(0)
				sA, lA, tA, wA = pr.take(), selfCPU(), g.totals(), time.Now()
				mt = startMeter(sA.cpu, lA)
				if _, err := fetch(*markURL); err != nil {
					fail("mark: %v", err)
				}
				due = time.Now()
			}
			if time.Now().After(stop) {
				break
			}
			if reg != nil {
				reg.expect(u)
			}
			u.t0 = time.Now()
			fired++
			if err := change(u, k); err != nil {
				fail("change: %v", err)
				break
			}
			u.hook = time.Since(u.t0)
			if *serial && !wait(u) {
				fail("update %d did not reach %d clients in %v", k, u.left.Load(), *updTimeout)
				break
			}
			for reg != nil && u.bare.Load() == 0 && time.Since(u.t0) < *updTimeout { // it may be the last to see it
				time.Sleep(time.Millisecond)
			}
			due = due.Add(*interval)
			if *serial {
				due = u.t0.Add(*interval)
			}
			if k < total-1 {
				time.Sleep(time.Until(due))
			}
		}
		ended := time.Now()
		if !*serial { // the last of each service must arrive; what it superseded need not
			for slot := range tr.names {
				for k := fired - 1; k >= 0; k-- {
					if ups[k].slot == int32(slot) {
						wait(ups[k])
						break
					}
				}
			}
		}
		wall, drain := time.Since(wA), time.Since(ended)
		time.Sleep(*settle)
		sB, lB, tB := pr.take(), selfCPU(), g.totals()
		mark, err := fetch(*markURL)
		if err != nil {
			fail("mark: %v", err)
		}
		final := map[int32]uint32{}
		lastK := map[int32]int{}
		for k, u := range ups[:fired] {
			final[u.slot], lastK[u.slot] = u.weight, k
		}
		for k, u := range ups[:fired] {
			var top time.Duration
			for i, n := range u.lat {
				switch {
				case n == 0 && lastK[u.slot] != k && ups[lastK[u.slot]].lat[i] != 0:
					coalesced++
				case n == 0:
					missed++
				case k >= *warm:
					lat = append(lat, time.Duration(n))
					top = max(top, time.Duration(n))
				}
			}
			if k >= *warm {
				last = append(last, top)
				hooks = append(hooks, u.hook)
				nDoneUpd++
				if n := u.bare.Load(); n > 0 {
					bare = append(bare, time.Duration(n))
				}
			}
		}
		for _, c := range g.clients {
			for slot, w := range final {
				if c.last[slot] != w {
					wrong++
				}
			}
		}
		sorted(lat)
		sorted(last)
		sorted(hooks)
		sorted(bare)
		n := float64(max(1, nDoneUpd))
		out["updates"] = map[string]any{
			"n": nDoneUpd, "p50_ms": ms(pct(lat, .5)), "p99_ms": ms(pct(lat, .99)), "max_ms": ms(pct(lat, 1)),
			"all_clients_p50_ms": ms(pct(last, .5)), "all_clients_p99_ms": ms(pct(last, .99)),
			"bare_n": len(bare), "bare_p50_ms": ms(pct(bare, .5)), "bare_p99_ms": ms(pct(bare, .99)),
			"hook_p50_ms": ms(pct(hooks, .5)), "hook_p99_ms": ms(pct(hooks, .99)),
			"rx_bytes": round(float64(tB.rx-tA.rx)/n/C, 1), "tx_bytes": round(float64(tB.tx-tA.tx)/n/C, 1),
			"msg_bytes": perType(tA.bytes, tB.bytes, n*C), "msgs": perType(tA.msgs, tB.msgs, n*C), "resources": perType(tA.ress, tB.ress, n*C),
			"server_cpu_ms": round((sB.cpu-sA.cpu).Seconds()*1e3/n, 3), "busiest_cpu_ms": round(sB.busiest(sA).Seconds()*1e3/n, 3), "load_cpu_ms": round((lB-lA).Seconds()*1e3/n, 3),
			"wall_s": round(wall.Seconds(), 3), "drain_ms": ms(drain), "others_cpu_pct": mt.others(sB.cpu, lB), "mark": mark,
		}
		out["rss_mb"] = map[string]float64{"idle": mb(s0.rssKB), "storm": mb(s1.rssKB), "end": mb(sB.rssKB), "peak": mb(sB.hwmKB)}
	} else {
		out["rss_mb"] = map[string]float64{"idle": mb(s0.rssKB), "storm": mb(s1.rssKB), "peak": mb(s1.hwmKB)}
	}

	cancel()
	wg.Wait()
	check["resent_same"], check["out_of_order"], check["reused_nonce"] = g.dups.Load(), g.disorder.Load(), g.reusedNonce.Load()
	inOrder := g.disorder.Load() == 0

	// (e) reconnect with what is held: how much is sent again that need not be
	if *doResume && stormOK {
		for t := range g.versions {
			names := make([]string, 0, len(g.versions[t]))
			for n := range g.versions[t] {
				names = append(names, n)
			}
			sort.Strings(names)
			for _, n := range names {
				g.initial[t] = appendBytes(g.initial[t], 5, appendString(appendString(nil, 1, n), 2, g.versions[t][n]))
			}
		}
		g.resume = true
		for _, c := range g.clients {
			for t := range c.sub {
				c.sub[t].nonce, c.sub[t].open, c.sub[t].names = nil, false, nil
			}
			c.nodeSent = false
		}
		rctx, rcancel := context.WithCancel(context.Background())
		time.Sleep(*settle)
		a, ta, la := pr.take(), g.totals(), selfCPU()
		r0 := startAll(rctx)
		prev, quiet := int64(-1), time.Now()
		for time.Since(r0) < 30*time.Second && (time.Since(quiet) < time.Second || prev == ta.rx) {
			time.Sleep(20 * time.Millisecond)
			if x := g.totals().rx; x != prev {
				prev, quiet = x, time.Now()
			}
		}
		b, tb, lb := pr.take(), g.totals(), selfCPU()
		var end int64
		for _, c := range g.clients {
			end = max(end, c.lastRx.Load())
		}
		out["reconnect"] = map[string]any{
			"last_msg_ms": ms(time.Duration(end - r0.UnixNano())), "rx_bytes_per_client": round(float64(tb.rx-ta.rx)/C, 0),
			"resources_per_client": perType(ta.ress, tb.ress, C), "msgs_per_client": perType(ta.msgs, tb.msgs, C),
			"server_cpu_s": round((b.cpu - a.cpu).Seconds(), 3), "load_cpu_s": round((lb - la).Seconds(), 3),
		}
		rcancel()
		wg.Wait()
	}

	// (f) a client that rejects what it gets
	if *doNack > 0 {
		c := &client{g: &gen{target: *target}, delta: *mode == "delta", node: encodeNode(base, *prefix+"0", *nodeClu)}
		a := pr.take()
		n, err := c.nack(*doNack)
		if err != nil {
			fail("nack: %v", err)
		}
		out["nack"] = map[string]any{"seconds": doNack.Seconds(), "responses": n, "rx_bytes": c.rx.Load(), "server_cpu_s": round((pr.take().cpu - a.cpu).Seconds(), 3)}
	}

	check["missed"], check["coalesced"], check["wrong_final"] = missed, coalesced, wrong
	check["errors"] = nErr
	if nErr > 0 {
		check["first_errors"] = errs
	}
	out["check"] = check
	out["ok"] = stormOK && nErr == 0 && missed == 0 && wrong == 0 && inOrder && nDoneUpd == *nUpd
	out["seconds"] = round(time.Since(began).Seconds(), 1)
	b, _ := json.Marshal(out)
	fmt.Println(string(b))
	if out["ok"] != true {
		os.Exit(1)
	}
}
