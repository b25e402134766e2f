package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/realtest/receivers"
)

// idsIn are the ids of events, as often as they are there.
func idsIn(all [][]byte, err error) ([]string, error) {
	var ids []string
	for _, text := range all {
		var e struct{ EventID string }
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, err
		}
		ids = append(ids, e.EventID)
	}
	return ids, err
}

// Receivers and the server are killed and stand still while events flow: a topic of Kafka and a stream of
// NATS have each event once.
func TestKafkaAndNATS(t *testing.T) {
	b := newBox(t, "")
	brokers := receivers.StartKafka(t, "audit.all", 3)
	addr, nats := realtest.StartNATS(t)
	stream := receivers.MakeNATSStream(t, addr, "AUDIT", "audit.>")
	b.configureTrails(fmt.Sprintf(`trail "all" {
  where = %q
  deliver "kafka" {
    brokers = [%q]
    topic   = "audit.{trail}"
    key     = "actor"
  }
  deliver "nats" {
    servers = ["nats://%s"]
    subject = "audit.{trail}"
  }
}
`, lineEvents, brokers.Addr, addr))
	b.start()
	held := map[string]func() ([]string, error){
		"kafka": func() ([]string, error) { return idsIn(brokers.Records("audit.all")) },
		"nats":  func() ([]string, error) { return idsIn(stream.Messages()) },
	}
	for round := range 4 {
		b.write(150)
		realtest.Until(t, realtest.Patience, "events to be sent", func() bool {
			ids, err := held["kafka"]()
			return err == nil && len(ids) > 150*round
		})
		b.server.Kill()
		switch round {
		case 0: // receivers are away when the server comes back
			brokers.Stop()
			nats.Kill()
		case 1:
			nats.Signal(syscall.SIGSTOP)
		}
		b.server.Again()
		b.ready()
		b.write(50)
		switch round {
		case 0:
			realtest.Until(t, realtest.Patience, "both deliveries to say what is wrong", func() bool {
				all := b.trail("all").Deliver
				return all[0].LastError != "" && all[1].LastError != ""
			})
			t.Log(b.trail("all").Deliver[0].LastError, b.trail("all").Deliver[1].LastError)
			brokers.Again()
			nats.Again()
		case 1:
			realtest.Until(t, realtest.Patience, "the delivery to say that NATS stands still", func() bool { return b.trail("all").Deliver[1].LastError != "" })
			nats.Signal(syscall.SIGCONT)
		}
	}
	for name, ids := range held {
		b.sent(name, true, ids)
	}
}

// A node is killed and stands still while events flow: its indices have each event once.
func TestDeliverElasticsearch(t *testing.T) {
	b := newBox(t, "")
	node, p := realtest.StartElasticsearch(t)
	b.configureTrails(fmt.Sprintf(`trail "All" {
  where = %q
  deliver "elasticsearch" {
    addresses = [%q]
    format    = "ecs"
  }
}
`, lineEvents, node))
	b.start()
	for round := range 3 {
		b.write(150)
		if round == 1 {
			p.Kill()
		}
		if round == 2 {
			p.Signal(syscall.SIGSTOP)
		}
		b.server.Kill()
		b.server.Again()
		b.ready()
		b.write(50)
		switch round {
		case 1:
			realtest.Until(t, realtest.Patience, "the delivery to say what is wrong", func() bool { return b.trail("All").Deliver[0].LastError != "" })
			t.Log(b.trail("All").Deliver[0].LastError)
			p.Again()
			realtest.AwaitElasticsearch(t, node, p)
		case 2:
			p.Signal(syscall.SIGCONT)
		}
	}
	b.sent("elasticsearch", true, func() ([]string, error) {
		if res, err := http.Post(node+"/audit-all-*/_refresh", "application/json", nil); err != nil {
			return nil, err
		} else if err := res.Body.Close(); err != nil {
			return nil, err
		}
		res, err := http.Post(node+"/audit-all-*/_search?size=10000", "application/json", strings.NewReader(`{"query":{"exists":{"field":"event.action"}}}`))
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		var found struct {
			Hits struct {
				Hits []struct {
					Source struct{ Event struct{ ID string } } `json:"_source"`
				}
			}
		}
		err = json.NewDecoder(res.Body).Decode(&found)
		var ids []string
		for _, h := range found.Hits.Hits {
			ids = append(ids, h.Source.Event.ID)
		}
		return ids, err
	})
}
