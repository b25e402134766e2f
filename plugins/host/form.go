package host

import (
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// form puts batches into their form on the way. It is used again for the next one
// when the one before has gone.
type form struct {
	records  []pb.Record
	pointers []*pb.Record
	files    []*pb.File
}

// place is a file as records of a batch refer to it.
type place struct {
	id, path   string
	generation uint64
}

func (f *form) batch(b plugins.Batch) *pb.Batch {
	n := len(b.Records)
	if cap(f.records) < n {
		f.records, f.pointers = make([]pb.Record, n), make([]*pb.Record, n)
	}
	f.files = f.files[:0]
	records, pointers := f.records[:n], f.pointers[:n]
	var places map[place]uint32 // of more than one file
	var last place
	file := uint32(0)
	for i := range b.Records {
		from, to := &b.Records[i], &records[i]
		if p := (place{from.Pos.FileID, from.Pos.File, from.Pos.Generation}); p != last || len(f.files) == 0 {
			at, known := places[p]
			if !known {
				at = uint32(len(f.files))
				f.files = append(f.files, &pb.File{Id: p.id, Path: p.path, Generation: p.generation})
				if places == nil {
					places = map[place]uint32{}
				}
				places[p] = at
			}
			last, file = p, at
		}
		to.Data, to.File, to.Offset, to.Length, to.Fault, to.Evidence = from.Data, file, from.Pos.Offset, from.Pos.Length, from.Fault, nil
		if to.Length == int64(len(to.Data)) {
			to.Length = 0
		}
		if e := from.Evidence; e != nil {
			to.Evidence = &pb.Evidence{Name: e.Name, From: e.From, To: e.To, Why: e.Why}
		}
		pointers[i] = to
	}
	return &pb.Batch{Records: pointers, Files: f.files, Marks: marksOf(b.Next)}
}

// batchOf is a batch as it came, or what is wrong with it. It keeps the memory of b.
func batchOf(b *pb.Batch) (plugins.Batch, error) {
	if len(b.Records) > plugins.MaxRecords {
		return plugins.Batch{}, fmt.Errorf("a batch of %d records: %d are the most", len(b.Records), plugins.MaxRecords)
	}
	if len(b.Marks) == 0 && !b.Ended {
		return plugins.Batch{}, errors.New("a batch without a mark: a restart would read its records again")
	}
	for _, m := range b.Marks {
		if m.Key == "" {
			return plugins.Batch{}, errors.New("a mark without a key")
		}
	}
	for _, f := range b.Files {
		if f.Id == "" {
			return plugins.Batch{}, fmt.Errorf("file %q has no id: the ids of its events are made of it", f.Path)
		}
	}
	batch := plugins.Batch{Next: cursorOf(b.Marks)}
	if len(b.Records) == 0 {
		return batch, nil
	}
	batch.Records = make([]plugins.Record, len(b.Records))
	for i, from := range b.Records {
		if int(from.File) >= len(b.Files) {
			return plugins.Batch{}, fmt.Errorf("record %d is of file %d, and the batch has %d files", i, from.File, len(b.Files))
		}
		file, to := b.Files[from.File], &batch.Records[i]
		if to.Data = from.Data; from.Data == nil && from.Evidence == nil {
			to.Data = []byte{}
		}
		to.Pos = plugins.Position{File: file.Path, FileID: file.Id, Generation: file.Generation, Offset: from.Offset, Length: from.Length}
		if from.Length == 0 {
			to.Pos.Length = int64(len(from.Data))
		}
		if to.Fault = from.Fault; to.Pos.Length < int64(len(from.Data)) || from.Offset < 0 {
			return plugins.Batch{}, fmt.Errorf("record %d has %d bytes of data, offset %d and length %d", i, len(from.Data), from.Offset, from.Length)
		}
		if e := from.Evidence; e != nil {
			to.Evidence = &plugins.Evidence{Name: e.Name, From: e.From, To: e.To, Why: e.Why}
		}
	}
	return batch, nil
}

func marksOf(c plugins.Cursor) []*pb.Mark {
	marks := make([]*pb.Mark, len(c))
	for i, m := range c {
		marks[i] = &pb.Mark{Key: m.Key, Value: m.Value}
	}
	return marks
}

func cursorOf(marks []*pb.Mark) plugins.Cursor {
	if len(marks) == 0 {
		return nil
	}
	c := make(plugins.Cursor, len(marks))
	for i, m := range marks {
		c[i] = plugins.Mark{Key: m.Key, Value: m.Value}
	}
	return c
}

// configError is the other side of problems: nil when there are none.
func configError(all []*pb.Problem) error {
	if len(all) == 0 {
		return nil
	}
	wrong := &plugins.ConfigError{}
	for _, p := range all {
		wrong.Problems = append(wrong.Problems, plugins.Problem{Path: p.Path, Text: p.Text})
	}
	return wrong
}
