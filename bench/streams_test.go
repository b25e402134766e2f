package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/elasticsearch"
	"github.com/actiontrail/actiontrail/aggregator/sink/kafka"
	natssink "github.com/actiontrail/actiontrail/aggregator/sink/nats"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/realtest/receivers"
	"github.com/actiontrail/actiontrail/plugins"
)

// receiverVariable has this program be a receiver at an address, so that its work is not counted as ours.
const receiverVariable = "BENCH_RECEIVER"

func TestMain(m *testing.M) {
	kind, addr, child := strings.Cut(os.Getenv(receiverVariable), " ")
	switch {
	case !child:
		os.Exit(m.Run())
	case kind == "kafka":
		if err := receivers.ServeKafka(addr, "audit", 3); err != nil {
			panic(err)
		}
		select {}
	default:
		panic(http.ListenAndServe(addr, http.HandlerFunc(answerBulk)))
	}
}

// answerBulk takes all documents, and keeps none.
func answerBulk(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return
	case r.URL.Path != "/_bulk":
		fmt.Fprintf(w, "{%q:{}}", strings.TrimPrefix(r.URL.Path, "/"))
		return
	}
	items := bytes.Count(body, []byte("\n")) / 2
	fmt.Fprintf(w, `{"errors":false,"items":[%s]}`, strings.TrimSuffix(strings.Repeat(`{"create":{"_index":"audit","status":201}},`, items), ","))
}

func receiver(b *testing.B, kind string) (addr string) {
	b.Helper()
	addr = realtest.FreeAddr(b)
	realtest.Start(b, []string{receiverVariable + "=" + kind + " " + addr}, os.Args[0])
	realtest.Until(b, realtest.Patience, "the receiver to listen", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr
}

// BenchmarkSend tells what sending to streams and indices costs us, in each form: the receivers are processes of their own.
func BenchmarkSend(b *testing.B) {
	total := setting(b, "BENCH_EVENTS", 100_000)
	brokers, node := receiver(b, "kafka"), receiver(b, "elasticsearch")
	server, _ := realtest.StartNATS(b)
	receivers.MakeNATSStream(b, server, "AUDIT", "audit.>")
	for _, format := range []string{"json", "ecs"} {
		for name, open := range map[string]func() (plugins.Sink, error){
			"kafka-zstd": func() (plugins.Sink, error) {
				return kafka.New(kafka.Config{Brokers: []string{brokers}, Topic: "audit", Format: format})
			},
			"kafka-lz4": func() (plugins.Sink, error) {
				return kafka.New(kafka.Config{Brokers: []string{brokers}, Topic: "audit", Format: format, Compression: "lz4"})
			},
			"nats": func() (plugins.Sink, error) {
				return natssink.New(natssink.Config{Servers: []string{"nats://" + server}, Subject: "audit.b", Format: format, Producer: fmt.Sprint(time.Now().UnixNano())})
			},
			"nats-core": func() (plugins.Sink, error) {
				return natssink.New(natssink.Config{Servers: []string{"nats://" + server}, Subject: "core.b", Format: format, Core: true})
			},
			"elasticsearch": func() (plugins.Sink, error) {
				return elasticsearch.New(elasticsearch.Config{Addresses: []string{"http://" + node}, Index: "audit", Format: format})
			},
		} {
			b.Run(name+"/"+format, func(b *testing.B) { send(b, open, total) })
		}
	}
}

func send(b *testing.B, open func() (plugins.Sink, error), total int) {
	cpu, wall, sent := 0.0, time.Duration(0), 0
	for b.Loop() {
		s, err := open()
		if err != nil {
			b.Fatal(err)
		}
		in := cloud.New(total)
		for number := uint64(1); ; number++ {
			batch, err := in.Batch(number, 2000)
			if err != nil {
				b.Fatal(err)
			}
			if len(batch.Events) == 0 {
				break
			}
			began, start := cpuSeconds(b), time.Now()
			if err := s.Write(context.Background(), batch.Events); err != nil {
				b.Fatal(err)
			}
			cpu, wall, sent = cpu+cpuSeconds(b)-began, wall+time.Since(start), sent+len(batch.Events)
		}
	}
	b.ReportMetric(cpu*1e6/float64(sent), "cpu-us/event")
	b.ReportMetric(float64(sent)/wall.Seconds(), "events/s")
}
