package sim

// mistakes are planted one by one by TestPlanted.
var mistakes = []planted{
	{
		name: "committed before the sync", file: "agent/pump.go",
		from:  `p.waiting[n].batches <= durable {`,
		to:    `p.waiting[n].batches <= durable+1 {`,
		rules: []string{"committed"},
	}, {
		name: "released though the publish failed", file: "agent/publish.go",
		from:  "batch.Message)\n\t\t\treturn err",
		to:    "batch.Message)\n\t\t\t_ = err\n\t\t\treturn nil",
		seed:  195,
		rules: []string{"numbers", "nothing lost", "batch unchanged"},
	}, {
		name: "two batches in flight", file: "agent/publish.go",
		from:  `		err = backoff.Retry(ctx`,
		to:    `		go l.Stream.Publish(ctx, subject, id, batch.Message); err = backoff.Retry(ctx`,
		rules: []string{"in flight"},
	}, {
		name: "torn and rotten records kept", file: "agent/spool/record.go",
		from:  `		return nil, errDamage` + "\n\t}\n\treturn message, nil",
		to:    "\t}\n\treturn message, nil",
		seed:  0,
		rules: []string{"nothing lost", "told once", "numbers", "cursor", "epochs"}, // epochs: written again, it is another batch
	}, {
		name: "last whole record dropped at the start", file: "agent/spool/recover.go",
		from:  `readRecord(f, g.end, info.Size(), message)`,
		to:    `readRecord(f, g.end, info.Size()-1, message)`,
		seed:  90,
		rules: []string{"cursor", "told once"},
	}, {
		name: "no sync of the spool", file: "agent/spool/sync.go",
		from:  `if err := s.cfg.Disk.Sync(g.f); err != nil {`,
		to:    `if err := error(nil); err != nil {`,
		rules: []string{"committed", "cursor"},
	}, {
		name: "epoch kept in a copied folder", file: "agent/spool/recover.go",
		from:  `if st.Machine != s.cfg.Machine {`,
		to:    `if false {`,
		seed:  0,
		rules: []string{"epochs"},
	}, {
		name: "cursor one record too far", file: "agent/slice.go",
		from: `		if r.Evidence != nil {`,
		to: `		if i == 9 {
			continue
		}
		if r.Evidence != nil {`,
		rules: []string{"nothing lost"},
	}, {
		name: "cursor of the batch before", file: "agent/pump.go",
		from:  `		marks = at`,
		to:    `		marks = p.at`,
		rules: []string{"committed", "cursor", "nothing twice"},
	}, {
		name: "start told only the first time", file: "agent/evidence.go",
		from:  `if p.lane.Quiet || p.lane.started {`,
		to:    `if p.lane.Quiet || p.lane.started || len(p.at) > 0 {`,
		rules: []string{"evidence"},
	}, {
		name: "jumps of the clock share an id", file: "agent/evidence.go",
		from:  `Offset: int64(p.queue.Last().Number+1)<<16 | int64(p.first.encoder.Len())`,
		to:    `Offset: 0`,
		seed:  180,
		rules: []string{"nothing twice"},
	}, {
		name: "clock compared with itself", file: "agent/evidence.go",
		from:  `	now = now.Round(0) //`,
		to:    `	before, at0 := p.clock, clock{now, p.lane.elapsed()}; p.clock = at0; if before.wall.IsZero() || at0.elapsed >= 0 { return } //`,
		rules: []string{"evidence"},
	}, {
		name: "recovery ignores the stream", file: "agent/recover.go",
		from:  `	if !last.any {`,
		to:    `	if !last.any || true {`,
		rules: []string{"batch unchanged", "numbers", "nothing twice", "nothing lost"},
	}, {
		name: "recovery reads on from the spool, not the stream", file: "agent/recover.go",
		from:  `return at, queue.NewEpoch(link, at)`,
		to:    `return queue.Cursor(), queue.NewEpoch(link, at)`,
		rules: []string{"nothing twice", "cursor"},
	}, {
		name: "recovery takes the last batch's marks for all", file: "agent/recover.go",
		from: `	if header.Snapshot {
		return`,
		to: `	if true {
		return`,
		seed:  190,
		rules: []string{"cursor", "nothing twice"},
	}, {
		name: "older batches sent again after the stream's last", file: "agent/recover.go",
		from:  `if err := queue.SentAll(); err != nil {`,
		to:    `if err := error(nil); err != nil {`,
		seed:  0,
		rules: []string{"cursor", "nothing twice", "told once"},
	}, {
		name: "follower goes on after a failed write", file: "aggregator/follow.go",
		from:  `				return reached, fmt.Errorf("write: %w", err)`,
		to:    `				f.Log.Warn("write failed", "error", err)`,
		seed:  0,
		rules: []string{"nothing lost", "gaps", "told once"},
	}, {
		name: "resends taken: the stream's window of ids is trusted", file: "aggregator/follow.go",
		from: `		f.note(func(s *FollowerStatus) { s.Resends++ })
		return event.Batch{}, false, nil`,
		to:    `		f.note(func(s *FollowerStatus) { s.Resends++ })`,
		seed:  190,
		rules: []string{"nothing twice", "nothing lost"},
	}, {
		name: "gap passed over in silence", file: "aggregator/follow.go",
		from:  `		if f.System != nil {` + "\n" + `			if err := f.System.gap(`,
		to:    `		if f.System != nil && to < from {` + "\n" + `			if err := f.System.gap(`,
		seed:  190,
		rules: []string{"told once"},
	}, {
		name: "gap taken for the next batch", file: "event/position.go",
		from: `	case !known, b.Number > at.Number+1:
		return Gap`,
		to: `	case !known, b.Number > at.Number+1:
		return Next`,
		seed:  190,
		rules: []string{"told once"},
	}, {
		name: "fork taken for a resend", file: "event/position.go",
		from: `		return Resend
	}
	return Fork`,
		to: `		return Resend
	}
	return Resend`,
		seed:  95,
		rules: []string{"told once"},
	}, {
		name: "findings told again after a crash", file: "aggregator/system.go",
		from:  `	case place > 0 && place <= s.reported:`,
		to:    `	case place > 1<<60 && place <= s.reported:`,
		rules: []string{"nothing twice"},
	}, {
		name: "findings told again that came before the lane", file: "aggregator/system.go",
		from:  `		s.forget(place)`,
		to:    ``,
		rules: []string{"nothing twice"},
	}, {
		name: "purge above the slowest follower", file: "aggregator/purge.go",
		from:  `floor = min(floor, f.Durable())`,
		to:    `floor = max(floor, f.Durable())`,
		rules: []string{"purge"},
	}, {
		name: "purge takes the last snapshot", file: "aggregator/purge.go",
		from:  `before := min(floor+1, snapshot)`,
		to:    `before := max(floor+1, snapshot*0)`,
		rules: []string{"purge"},
	}, {
		name: "archive goes on without the object", file: "aggregator/archive/cut.go",
		from: `		if err := a.deliver(ctx, []Object{o}, o); err != nil {
			return err
		}`,
		to:    `		_ = a.deliver(ctx, []Object{o}, o)`,
		seed:  170,
		rules: []string{"archive verifies", "it goes on"},
	}, {
		name: "seal after the object", file: "aggregator/archive/cut.go",
		from: `	if err := a.createSeal(ctx, s, after); err != nil {
		return err
	}
	for _, o := range objects {
		if err := a.deliver(ctx, []Object{o}, o); err != nil {
			return err
		}
	}`,
		to: `	for _, o := range objects {
		if err := a.deliver(ctx, []Object{o}, o); err != nil {
			return err
		}
	}
	if err := a.createSeal(ctx, s, after); err != nil {
		return err
	}`,
		seed:  190,
		rules: []string{"archive verifies"},
	}, {
		name: "rebuild with today's filter", file: "aggregator/archive/rebuild.go",
		from:  `a.staging.filter, a.staging.text, a.staging.layout = filter, c.scanned.Filter, c.scanned.Layout`,
		to:    `_ = filter; a.staging.filter, a.staging.text, a.staging.layout = a.cfg.Filter, a.cfg.FilterText, c.scanned.Layout`,
		seed:  90,
		rules: []string{"it goes on", "archive verifies"},
	}, {
		name: "staged object delivered unread", file: "aggregator/archive/recover.go",
		from:  `		if hash != o.SHA256 {`,
		to:    `		if hash == (event.Hash{}) {`,
		seed:  190,
		rules: []string{"archive verifies", "it goes on"},
	}, {
		name: "stop forgotten after a crash", file: "aggregator/stops.go",
		from:  `if err := writeKept(s.path, stopsFile{stopsVersion, after}, s.share); err != nil {`,
		to:    `if err := error(nil); err != nil {`,
		rules: []string{"stopped"},
	}, {
		name: "start of a trail not told to who reads on", file: "aggregator/stops.go",
		from:  `return p.Since, !p.over() || seq <= p.To`,
		to:    `return p.Since, true`,
		rules: []string{"stopped"},
	}, {
		name: "stop passed over by who pays", file: "aggregator/archive/archive.go",
		from:  `a.turn(ctx, how, a.stopped(batches[i].Seq)); err != nil {`,
		to:    `a.turn(ctx, how, map[bool]*Stopped{true: a.stopped(batches[i].Seq)}[how == nil]); err != nil {`,
		rules: []string{"stopped"},
	}, {
		name: "batches in hand lost when a trail is turned", file: "aggregator/archive/pay.go",
		from: `	if err := a.cutStaged(ctx); err != nil {
		return err
	}
	staging := a.collector()`,
		to:    `	staging := a.collector()`,
		rules: []string{"nothing lost", "archive verifies", "it goes on"},
	}, {
		name: "batches in hand lost at a reload", file: "aggregator/archive/archive.go",
		from:  `	return a.durable` + "\n",
		to:    `	return a.seen` + "\n",
		rules: []string{"nothing lost", "archive verifies", "it goes on", "purge", "gaps"},
	}, {
		name: "owed with the filter of now", file: "aggregator/archive/pay.go",
		from:  `if how.Filter != staging.text {`,
		to:    `if false {`,
		rules: []string{"filter"},
	}, {
		name: "owed, and forgotten before it is paid", file: "aggregator/debt/debt.go",
		from:  `for len(d.sections) > 0 && d.sections[0].to <= seq {`,
		to:    `for len(d.sections) > 0 && d.sections[0].after <= seq {`,
		rules: []string{"gaps", "nothing lost", "paid", "purge"},
	}, {
		name: "read on behind what is owed", file: "aggregator/pay.go",
		from:  `return f.Debt != nil && read < f.Debt.To()`,
		to:    `return f.Debt != nil && read < f.Debt.To() && read%2 == 0`,
		rules: []string{"gaps", "nothing lost"},
	}, {
		name: "backfill begun again after a crash", file: "aggregator/backfill.go",
		from:  `if x.ID == b.request.ID && x.To.After(b.at) {`,
		to:    `if x.ID == b.request.ID && x.To.After(b.request.To) {`,
		rules: []string{"backfill"},
	}, {
		name: "backfilled twice", file: "aggregator/archive/backfill.go",
		from:  `if brought.Filled(lane, e.Origin.Batch, at) {`,
		to:    `if false {`,
		rules: []string{"nothing twice", "archive verifies"},
	}, {
		name: "late events backfilled, too", file: "aggregator/backfill.go",
		from:  `if l == nil || !l.Has(e.Origin.Batch) {`,
		to:    `if l == nil {`,
		rules: []string{"nothing twice", "archive verifies"},
	}, {
		name: "backfill does not wait for the stream", file: "aggregator/backfill.go",
		from:  `		if first <= b.settled.Seq {`,
		to:    `		if first <= b.settled.Seq && first == 0 {`,
		rules: []string{"nothing twice", "archive verifies"},
	}, {
		name: "stopped taken for delivered by a backfill", file: "aggregator/archive/backfill.go",
		from:  `	if s.Stopped != nil {` + "\n\t\treturn",
		to:    `	if false {` + "\n\t\treturn",
		rules: []string{"backfill"},
	}, {
		name: "backfill of one page", file: "aggregator/backfill.go",
		from:  `if q.After = page.Next; q.After == "" {`,
		to:    `if true {`,
		rules: []string{"nothing lost"},
	}, {
		name: "backfill made again by what came after", file: "aggregator/archive/backfill.go",
		from:  `coverBefore(ctx, a.cfg.Bucket, seal.Number)`,
		to:    `coverBefore(ctx, a.cfg.Bucket, seal.Number+1)`,
		seed:  2983,
		rules: []string{"it goes on"},
	}, {
		name: "made again in today's form", file: "aggregator/archive/rebuild.go",
		from:  `a.staging.filter, a.staging.text, a.staging.layout = filter, c.scanned.Filter, c.scanned.Layout`,
		to:    `a.staging.filter, a.staging.text = filter, c.scanned.Filter`,
		seed:  38, // others make the archive grow for minutes before they end
		rules: []string{"it goes on", "archive verifies"},
	}, {
		name: "noted before it is at the destination", file: "aggregator/dispatch/dispatch.go",
		from: `		if err := d.write(ctx, events); err != nil {
			return d.failed(err)`,
		to: `		if err := d.write(ctx, events); err != nil {
			d.seen = to
			return d.failed(err)`,
		rules: []string{"nothing lost", "refused"},
	}, {
		name: "noted before the receiver has answered", file: "aggregator/dispatch/dispatch.go",
		from:  `if s, ok := d.cfg.Sink.(sink.Settler); ok && d.unnoted > 0 {` + "\n\t\tif err := s",
		to:    `if s, ok := d.cfg.Sink.(sink.Settler); ok && d.unnoted > noteEvents {` + "\n\t\tif err := s",
		rules: []string{"nothing lost"},
	}, {
		name: "destination not asked again after an error", file: "aggregator/dispatch/dispatch.go",
		from: `	d.ready = false
	if _, ok`,
		to:    `	if _, ok`,
		rules: []string{"nothing twice"},
	}, {
		name: "what was refused kept again after a crash", file: "aggregator/dispatch/refused.go",
		from:  `if d.refused.known[e.ID] || fresh[e.ID] {`,
		to:    `if fresh[e.ID] {`,
		rules: []string{"nothing twice"},
	}, {
		name: "sent though the trail was stopped", file: "aggregator/dispatch/dispatch.go",
		from:  `if !d.stopped(b.Seq) {`,
		to:    `if true {`,
		rules: []string{"filter"},
	},
}
