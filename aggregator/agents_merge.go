package aggregator

// Text is the whole table, as Merge reads it.
func (a *Agents) Text() ([]byte, error) {
	table, err := a.List()
	if err != nil {
		return nil, err
	}
	return formatAgents(table)
}

// Merge adds to the table what another aggregator's has: keys that are not known
// here, and revocations, the earlier one of two. It returns the whole, which is the
// same whoever merges first. nil adds nothing.
func (a *Agents) Merge(text []byte) ([]byte, error) {
	if text != nil {
		theirs, err := parseAgents(text)
		if err != nil {
			return nil, err
		}
		a.mu.Lock()
		err = a.change(func() error { a.table = merged(a.table, theirs); return nil })
		a.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	return a.Text()
}

func merged(ours, theirs []Enrolment) []Enrolment {
	all := append([]Enrolment(nil), ours...)
	known := map[Enrolment]int{}
	id := func(e Enrolment) Enrolment { return Enrolment{Account: e.Account, Agent: e.Agent, Key: e.Key} }
	for i, e := range all {
		known[id(e)] = i
	}
	for _, e := range theirs {
		i, ok := known[id(e)]
		if !ok {
			known[id(e)] = len(all)
			all = append(all, e)
			continue
		}
		if e.Enrolled.Before(all[i].Enrolled) {
			all[i].Enrolled, all[i].How = e.Enrolled, e.How
		}
		if r := e.Revoked; !r.IsZero() && (all[i].Revoked.IsZero() || r.Before(all[i].Revoked)) {
			all[i].Revoked = r
		}
	}
	return all
}
