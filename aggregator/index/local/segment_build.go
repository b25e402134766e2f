package local

// build writes a segment of src, the events of a memory.
func (w *segmentWriter) build(src *source, packer *docWriter) error {
	for _, step := range []func() error{
		func() error { return w.buildEvents(src, packer) },
		func() error { return w.buildKeys(src) },
		func() error { return w.buildDictionaries(src) },
		w.end,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *segmentWriter) buildEvents(src *source, packer *docWriter) error {
	if err := w.begin(src.day, src.times, src.timeless); err != nil {
		return err
	}
	places, err := src.docs(packer, w.docBlock)
	if err != nil {
		return err
	}
	if err := w.endDocs(places); err != nil {
		return err
	}
	hashes := src.hidden
	for n := range places {
		hashes = append(hashes, hashEntry{checksum(src.id(n)), uint32(n)})
	}
	b := appendHashes(nil, hashes, len(places))
	if err := w.pagedSection(&w.foot.Hashes, &w.foot.Sums, func(put func([]byte) error) error { return put(b) }); err != nil {
		return err
	}
	if err := w.odd(src.odd); err != nil {
		return err
	}
	for _, c := range src.columns {
		if err := w.column(c); err != nil {
			return err
		}
	}
	return nil
}

func (w *segmentWriter) buildKeys(src *source) error {
	keys := w.newKeyWriter()
	for _, key := range src.keys {
		if err := keys.add(key); err != nil {
			return err
		}
	}
	return keys.end()
}

func (w *segmentWriter) buildDictionaries(src *source) error {
	for i := range src.fields {
		f := &src.fields[i]
		d, err := w.buildDictionary(src, f)
		if err != nil {
			return err
		}
		if err := d.end(f.all, f.hidden); err != nil {
			return err
		}
	}
	return nil
}

// buildDictionary writes the entries of a dictionary.
func (w *segmentWriter) buildDictionary(src *source, f *fieldSource) (*dictionaryWriter, error) {
	mark := func(key uint32) uint64 { return w.salt.mark(src.keys[key]) }
	d := w.newDictionary(f.no, f.path, f.unnamed)
	for from := 0; from < len(f.entries); from += entriesPerBlock {
		if err := d.block(f.entries[from:min(from+entriesPerBlock, len(f.entries))], mark); err != nil {
			return nil, err
		}
	}
	return d, nil
}
