package bench

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	httpsource "github.com/actiontrail/actiontrail/plugins/http"
)

// BenchmarkHTTP has clients post BENCH_LINES lines (1,000,000), 1,000 a request, each waiting
// for its answer before the next; nothing behind the spool. The CPU of the clients counts, too.
func BenchmarkHTTP(b *testing.B) {
	for _, clients := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { benchmarkHTTP(b, clients) })
	}
}

func benchmarkHTTP(b *testing.B, clients int) {
	const records = 1000
	m := newMeter(b)
	requests := max(clients, setting(b, "BENCH_LINES", 1_000_000)/records)
	made := newLogLines()
	var body bytes.Buffer
	for range records {
		body.Write(made.next())
		if body.Bytes()[body.Len()-1] != '\n' {
			body.WriteByte('\n')
		}
	}
	var peak float64
	for range b.N {
		addr := freeAddr(b)
		source, err := httpsource.New(httpsource.Config{Listen: addr})
		if err != nil {
			b.Fatal(err)
		}
		lane := newLane(b, b.TempDir(), "none", nowhere{})
		lane.Source = source
		forgetPeak(b)
		m.start()
		var posting sync.WaitGroup
		for c := range clients {
			posting.Go(func() {
				for source.Addr() == nil && b.Context().Err() == nil {
					<-time.After(time.Millisecond)
				}
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for i := c; i < requests; i += clients {
					if err := post(client, addr, body.Bytes()); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		carry(b, lane, uint64(requests)*records)
		posting.Wait()
		m.stop()
		_, p := memory(b)
		peak = max(peak, p)
	}
	total := float64(requests) * records * float64(b.N)
	b.ReportMetric(m.cpu/total*1e6, "cpu-s/Mlines")
	b.ReportMetric(total/m.wall.Seconds(), "lines/s")
	b.ReportMetric(peak, "MB-rss-peak")
	b.ReportMetric(float64(body.Len())/records, "B/line")
}

func post(client *http.Client, addr string, body []byte) error {
	resp, err := client.Post("http://"+addr+httpsource.DefaultPath, "application/x-ndjson", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %d %s", resp.StatusCode, text)
	}
	return err
}

// freeAddr is a loopback address that nobody listens on now.
func freeAddr(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
