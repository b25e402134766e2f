package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// counts are the calls answered since the start.
type counts struct {
	mu    sync.Mutex
	calls map[countKey]countValue
}

type countKey struct {
	action string
	status int
}

type countValue struct {
	n     uint64
	taken time.Duration
}

func newCounts() *counts { return &counts{calls: map[countKey]countValue{}} }

func (c *counts) add(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := countKey{call.Action, call.Status}
	v := c.calls[k]
	c.calls[k] = countValue{v.n + 1, v.taken + call.Duration}
}

// GetMetrics answers the figures of the status for Prometheus.
func (h *handlers) GetMetrics(w http.ResponseWriter, r *http.Request) {
	st := h.status(r.Context())
	var m exposition
	ready := 1.0
	if h.Ready != nil && len(h.Ready()) > 0 {
		ready = 0
	}
	m.gauge("actiontrail_info", "Always 1; the version is a label.", 1, "version", st.Version)
	m.gauge("actiontrail_ready", "1 when events are taken and searches answered.", ready)
	if st.Leader != nil {
		m.gauge("actiontrail_leader", "1 when this server leads those on its stream, 0 when it stands by.", float64(boolean(st.Leader.Here)))
	}
	m.gauge("actiontrail_start_time_seconds", "When the process began, as Unix time.", seconds(st.StartedAt))
	for _, s := range st.Sources {
		l := []string{"account", s.Account, "agent", s.Agent, "source", s.Source}
		m.gauge("actiontrail_source_last_batch", "Number of the last batch taken.", float64(s.LastBatch), l...)
		m.gauge("actiontrail_source_lag_events", "Events read that the index does not have yet.", float64(s.LagEvents), l...)
		m.gauge("actiontrail_source_lag_seconds", "Age of the oldest line that is not read or not acknowledged yet.", s.LagSeconds, l...)
		m.counter("actiontrail_source_gaps_total", "How often batch numbers were missing.", float64(s.Gaps), l...)
		m.counter("actiontrail_source_unparsed_total", "Records that were not in the promised format.", float64(s.Unparsed), l...)
		m.counter("actiontrail_source_ignored_total", "Records that a rule ignores.", float64(s.Ignored), l...)
		m.counter("actiontrail_source_quarantined_total", "Batches put into quarantine.", float64(s.Quarantined), l...)
	}
	for _, a := range h.agents(r.Context()) {
		m.agent(a)
	}
	for _, f := range st.Followers {
		l := []string{"follower", f.Name, "kind", string(f.Kind)}
		m.gauge("actiontrail_follower_seq", "Place in the stream up to which all is taken.", float64(f.Seq), l...)
		m.gauge("actiontrail_follower_lag_batches", "Batches of the stream that are not taken yet.", float64(f.LagBatches), l...)
		m.gauge("actiontrail_follower_lag_seconds", "Age of the oldest of them.", f.LagSeconds, l...)
		m.counter("actiontrail_follower_quarantined_total", "Batches put into quarantine.", float64(f.Quarantined), l...)
	}
	for _, t := range st.Trails {
		l := []string{"trail", t.Name}
		m.gauge("actiontrail_trail_lag_seconds", "Age of the oldest batch that is not delivered.", t.LagSeconds, l...)
		m.counter("actiontrail_trail_events_total", "Events delivered.", float64(t.Events), l...)
		m.counter("actiontrail_trail_objects_total", "Objects delivered.", float64(t.Objects), l...)
		m.counter("actiontrail_trail_bytes_total", "Bytes delivered.", float64(t.Bytes), l...)
		m.gauge("actiontrail_trail_last_delivery_seconds", "When something was delivered last, as Unix time; 0: never.", seconds(t.LastDelivery), l...)
		m.gauge("actiontrail_trail_failing", "1 when the trail cannot deliver.", float64(boolean(t.State == TrailStatusStateFailing)), l...)
		m.gauge("actiontrail_trail_owed_batches", "Batches that the trail owes, to be paid from the index.", float64(t.OwedBatches), l...)
		m.gauge("actiontrail_trail_owed_events", "Events in them.", float64(t.OwedEvents), l...)
		for _, d := range t.Deliver {
			m.witnesses(t.Name, d)
		}
	}
	for _, t := range st.Trails {
		for _, d := range t.Deliver {
			m.delivery(t.Name, d)
		}
	}
	m.gauge("actiontrail_stream_batches", "Batches kept in the stream.", float64(st.Stream.Messages))
	m.gauge("actiontrail_stream_bytes", "Bytes kept in the stream.", float64(st.Stream.Bytes))
	m.gauge("actiontrail_stream_max_bytes", "Bytes that the stream can keep.", float64(st.Stream.MaxBytes))
	m.gauge("actiontrail_index_events", "Events in the index.", float64(st.Index.Events))
	m.gauge("actiontrail_index_bytes", "Bytes of the index.", float64(st.Index.Bytes))
	m.gauge("actiontrail_index_segments", "Segments of the index.", float64(st.Index.Segments))
	m.gauge("actiontrail_index_damaged", "Parts of the index set aside as damaged.", float64(len(st.Index.Damaged)))
	m.gauge("actiontrail_quarantine_batches", "Batches in quarantine.", float64(st.Quarantine.Count))
	m.gauge("actiontrail_quarantine_bytes", "Bytes in quarantine.", float64(st.Quarantine.Bytes))
	m.gauge("actiontrail_disk_free_bytes", "Bytes free where the data is.", float64(st.Disk.Free))
	m.gauge("actiontrail_disk_full", "1 when nothing is acknowledged for want of room.", float64(boolean(st.Disk.Full)))
	h.counts.expose(&m)
	writeBody(w, http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", m.text())
}

func (m *exposition) witnesses(trail string, d Delivery) {
	l := []string{"trail", trail, "delivery", d.Name}
	m.gauge("actiontrail_checkpoint_seals", "Seals under the newest checkpoint of the archive.", float64(d.CheckpointSeals), l...)
	for _, w := range d.Witnesses {
		l := append(l[:4:4], "witness", w.Name)
		m.gauge("actiontrail_witness_seals", "Seals under the newest checkpoint that the witness has.", float64(w.Seals), l...)
		m.gauge("actiontrail_witness_failing", "1 when the witness takes no checkpoint.", float64(boolean(w.LastError != "")), l...)
		m.gauge("actiontrail_witness_conflict", "1 when the witness has a checkpoint that the archive is not consistent with.", float64(boolean(w.Conflict != "")), l...)
	}
}

func (m *exposition) delivery(trail string, d Delivery) {
	l := []string{"trail", trail, "delivery", d.Name}
	m.gauge("actiontrail_delivery_lag_seconds", "Age of the oldest batch that is not delivered.", d.LagSeconds, l...)
	m.gauge("actiontrail_delivery_failing", "1 when the delivery cannot deliver, or owes.", float64(boolean(d.State != DeliveryStateRunning)), l...)
	m.counter("actiontrail_delivery_delivered_events_total", "Events that came into the bucket since the start.", float64(d.Throughput.Events), l...)
	m.counter("actiontrail_delivery_delivered_bytes_total", "Bytes of the objects with them.", float64(d.Throughput.Bytes), l...)
	m.gauge("actiontrail_delivery_last_delivery_seconds", "When something was delivered last, as Unix time; 0: never.", seconds(d.LastDelivery), l...)
	for _, n := range d.Notify {
		l := append(l[:4:4], "kind", n.Kind, "receiver", n.Target)
		m.counter("actiontrail_notifications_sent_total", "Notifications that the receiver took since the start.", float64(n.Sent), l...)
		m.gauge("actiontrail_notifications_refused", "Notifications that the receiver refused for good and that wait for renotify.", float64(n.Refused), l...)
	}
}

func (m *exposition) agent(a AgentStatus) {
	l := []string{"account", a.Account, "agent", a.Agent}
	for _, state := range []AgentState{AgentStateLive, AgentStateSilent, AgentStateNeverSeen, AgentStateStopped} {
		m.gauge("actiontrail_agent_state", "1 for the state that the agent is in.", float64(boolean(a.State == state)), append(l, "state", string(state))...)
	}
	if !a.LastSeen.IsZero() {
		m.gauge("actiontrail_agent_last_report_age_seconds", "Age of the agent's last report; without one, of its newest batch.", a.LastSeenSeconds, l...)
	}
	if a.ClockOffsetSeconds != nil {
		m.gauge("actiontrail_agent_clock_offset_seconds", "How far the agent's clock is ahead.", *a.ClockOffsetSeconds, l...)
	}
	m.counter("actiontrail_agent_refused_reports_total", "Reports under the agent's name that were forged or old.", float64(a.RefusedReports), l...)
	for _, s := range a.Sources {
		l := append(l, "source", s.Source)
		m.gauge("actiontrail_source_lag_bytes", "Bytes of files that are not read yet.", float64(s.LagBytes), l...)
		m.gauge("actiontrail_source_spool_bytes", "Bytes that wait in the spool.", float64(s.Spool.Bytes), l...)
		m.gauge("actiontrail_source_spool_max_bytes", "Bytes that the spool can hold.", float64(s.Spool.MaxBytes), l...)
		m.gauge("actiontrail_source_spool_batches", "Batches that wait in the spool.", float64(s.Spool.Batches), l...)
		m.gauge("actiontrail_source_spool_oldest_seconds", "Age of the oldest of them.", s.Spool.OldestSeconds, l...)
		m.gauge("actiontrail_source_failing", "1 when the source cannot be read, spooled or published.", float64(boolean(s.Failing)), l...)
		m.counter("actiontrail_source_lost_total", "How often lines were lost before they could be read.", float64(s.SourceGaps), l...)
		m.counter("actiontrail_source_unmapped_total", "Events that no route names.", float64(s.Unmapped), l...)
	}
}

func (c *counts) expose(m *exposition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range c.calls {
		l := []string{"action", k.action, "status", strconv.Itoa(k.status)}
		m.counter("actiontrail_api_calls_total", "Calls of the API answered.", float64(v.n), l...)
		m.counter("actiontrail_api_seconds_total", "Time taken by them.", v.taken.Seconds(), l...)
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// exposition gathers samples for the text format, which wants those of one name together.
type exposition struct{ families []*family }

type family struct {
	name, help, kind string
	samples          []string
}

func (m *exposition) gauge(name, help string, v float64, labels ...string) {
	m.add(name, help, "gauge", v, labels)
}

func (m *exposition) counter(name, help string, v float64, labels ...string) {
	m.add(name, help, "counter", v, labels)
}

// add takes labels as name, value, name, value …
func (m *exposition) add(name, help, kind string, v float64, labels []string) {
	i := slices.IndexFunc(m.families, func(f *family) bool { return f.name == name })
	if i < 0 {
		i = len(m.families)
		m.families = append(m.families, &family{name: name, help: help, kind: kind})
	}
	var b strings.Builder
	b.WriteString(name)
	separator := "{"
	for j := 0; j+1 < len(labels); j += 2 {
		b.WriteString(separator + labels[j] + `="` + labelValue(labels[j+1]) + `"`)
		separator = ","
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	b.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
	m.families[i].samples = append(m.families[i].samples, b.String())
}

func labelValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

func (m *exposition) text() []byte {
	var b []byte
	for _, f := range m.families {
		b = append(b, "# HELP "+f.name+" "+f.help+"\n# TYPE "+f.name+" "+f.kind+"\n"...)
		slices.Sort(f.samples)
		for _, s := range f.samples {
			b = append(b, s...)
		}
	}
	return b
}
