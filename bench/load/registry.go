package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// registry is the real registry behind the control plane, in place of the hook: it takes the changes, and a bare
// client watches it beside the proxies.
type registry struct {
	kind string // consul: its KV store | etcd
	addr string // a URL of Consul, host:port of etcd
	key  string // of service {name}'s instance that changes

	conn   *grpc.ClientConn
	awaits atomic.Pointer[awaited]
}

// awaited is what the bare watch looks for next.
type awaited struct {
	mark []byte // the value as it stands in the registry's answer
	u    *update
}

func (r *registry) value(weight uint32) string { return fmt.Sprintf(`{"weight":%d}`, weight) }

// expect tells the bare watch which update it is to see.
func (r *registry) expect(u *update) {
	mark := r.value(u.weight)
	if r.kind == "consul" {
		mark = base64.StdEncoding.EncodeToString([]byte(mark))
	}
	r.awaits.Store(&awaited{[]byte(mark), u})
}

// heard looks for the update in an answer. The body is not decoded: the machine is shared with what is measured.
func (r *registry) heard(body []byte) {
	at := time.Now()
	if a := r.awaits.Load(); a != nil && bytes.Contains(body, a.mark) {
		a.u.bare.CompareAndSwap(0, max(1, int64(at.Sub(a.u.t0))))
	}
}

func (r *registry) put(ctx context.Context, name string, weight uint32) error {
	key, value := strings.ReplaceAll(r.key, "{name}", name), r.value(weight)
	if r.kind == "etcd" {
		put := appendString(appendString(nil, 1, key), 2, value)
		return r.conn.Invoke(ctx, "/etcdserverpb.KV/Put", &rawMsg{b: put}, &rawMsg{})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, r.addr+"/v1/kv/"+key, strings.NewReader(value))
	if err != nil {
		return err
	}
	_, _, err = answer(req)
	return err
}

// watch follows the folder of all services until ctx ends; it returns once it is watching.
func (r *registry) watch(ctx context.Context, failed func(error)) error {
	folder, _, _ := strings.Cut(r.key, "{name}")
	if r.kind == "etcd" {
		return r.watchEtcd(ctx, folder, failed)
	}
	query := func(index string) (string, []byte, error) {
		url := r.addr + "/v1/kv/" + folder + "?recurse=true&wait=60s&index=" + index
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", nil, err
		}
		head, body, err := answer(req)
		return head.Get("X-Consul-Index"), body, err
	}
	index, _, err := query("0")
	if err != nil {
		return err
	}
	go func() {
		for {
			next, body, err := query(index)
			if err != nil {
				if ctx.Err() == nil {
					failed(err)
				}
				return
			}
			r.heard(body)
			index = next
		}
	}()
	return nil
}

func (r *registry) watchEtcd(ctx context.Context, folder string, failed func(error)) error {
	conn, err := grpc.NewClient(r.addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{})))
	if err != nil {
		return err
	}
	r.conn = conn
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/etcdserverpb.Watch/Watch")
	if err != nil {
		return err
	}
	end := []byte(folder)
	end[len(end)-1]++
	create := appendBytes(appendString(nil, 1, folder), 2, end)
	if err := stream.SendMsg(&rawMsg{b: appendBytes(nil, 1, create)}); err != nil {
		return err
	}
	m := &rawMsg{}
	if err := stream.RecvMsg(m); err != nil { // that the watch is created
		return err
	}
	go func() {
		for {
			m.free()
			if err := stream.RecvMsg(m); err != nil {
				if ctx.Err() == nil {
					failed(err)
				}
				return
			}
			r.heard(m.b)
		}
	}()
	return nil
}

func answer(req *http.Request) (http.Header, []byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("registry: %s: %.200s", resp.Status, body)
	}
	return resp.Header, body, err
}
