package parquet

import (
	"fmt"
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// limits say when something ends.
type limits struct {
	rows, bytes      int // of a row group: what comes first
	page, dictionary int // bytes
}

const (
	// rowGroupRows and rowGroupBytes end a row group: what comes first. A row group is
	// gathered in memory, compressed, and its bytes are of the lines.
	rowGroupRows  = 1 << 17
	rowGroupBytes = 64 << 20
	// pageBytes ends a page of a column; what is smaller compresses worse.
	pageBytes = 1 << 20
	// dictionaryRows ends one of a column with a dictionary: only then is it looked at how large that is.
	dictionaryRows = 1 << 14
	// dictionaryBytes is how large a dictionary grows, before the rest of the row group goes without.
	dictionaryBytes = 1 << 20
	// creator stands in files and is always the same: the same lines give the same bytes
	// with each release that has the same schema and the same library.
	creator = "actiontrail"
)

// Writer makes a file of lines. The same lines give the same bytes.
type Writer struct {
	file    *parquet.GenericWriter[any]
	columns []*parquet.ColumnWriter // those of columns(), and the body
	lines   *scanner
	one     [1]parquet.Value
	limits  limits
	rows    int // of the row group
	bytes   int // of its lines
}

// Level says how much is spent on compressing.
type Level = zstd.Level

// DefaultLevel is that of zstd.
const DefaultLevel = zstd.SpeedDefault

// Form makes writers, one after another: what they compress with is large. (Reset of
// the library's Writer loses the names of the columns.)
type Form struct {
	options []parquet.WriterOption
	limits  limits
}

// NewForm is the form of Version.
func NewForm(level Level) *Form {
	return newForm(level, limits{rowGroupRows, rowGroupBytes, pageBytes, dictionaryBytes})
}

func newForm(level Level, most limits) *Form {
	all := columns()
	options := []parquet.WriterOption{
		parquet.NewSchema("actiontrail", schemaOf(all)),
		parquet.CreatedBy(creator, Version, ""),
		parquet.KeyValueMetadata(VersionKey, Version),
		parquet.Compression(&zstd.Codec{Level: level, Concurrency: 1}),
		parquet.DataPageVersion(1), // all readers have it
		parquet.DataPageStatistics(false),
		parquet.PageBufferSize(most.page),
		parquet.DictionaryMaxBytes(int64(most.dictionary)),
		parquet.SkipPageBounds(Body),
	}
	for _, c := range all {
		if !c.bounds {
			options = append(options, parquet.SkipPageBounds(c.name))
		}
	}
	return &Form{options, most}
}

// Begin begins a file.
func (f *Form) Begin(out io.Writer) *Writer {
	w := &Writer{file: parquet.NewGenericWriter[any](out, f.options...), lines: newScanner(columns()), limits: f.limits}
	w.columns = w.file.ColumnWriters()
	return w
}

// Write adds an event by its canonical line, without a line end.
func (w *Writer) Write(line []byte) error {
	values, err := w.lines.scan(line)
	if err != nil {
		return fmt.Errorf("a staged line: %w", err)
	}
	for i := range values {
		v := &values[i]
		switch {
		case v.null:
			w.one[0] = parquet.NullValue().Level(0, 0, i)
		case w.lines.kinds[i] == instant:
			w.one[0] = parquet.Int64Value(v.micros).Level(0, 1, i)
		default:
			w.one[0] = parquet.ByteArrayValue(v.text).Level(0, 1, i)
		}
		if _, err := w.columns[i].WriteRowValues(w.one[:]); err != nil {
			return fmt.Errorf("column %s: %w", columns()[i].name, err)
		}
	}
	body := len(values)
	w.one[0] = parquet.ByteArrayValue(line).Level(0, 0, body)
	if _, err := w.columns[body].WriteRowValues(w.one[:]); err != nil {
		return fmt.Errorf("column %s: %w", Body, err)
	}
	w.rows++
	if w.rows%dictionaryRows == 0 {
		for i := range values {
			if w.lines.kinds[i] != dictionary {
				continue
			}
			if err := w.columns[i].Flush(); err != nil {
				return fmt.Errorf("column %s: %w", columns()[i].name, err)
			}
		}
	}
	if w.bytes += len(line); w.rows < w.limits.rows && w.bytes < w.limits.bytes {
		return nil
	}
	w.rows, w.bytes = 0, 0
	return w.file.Flush()
}

// Close ends the file, not what it is written to.
func (w *Writer) Close() error { return w.file.Close() }

// schemaOf is the schema in the order of the columns: a group of the library sorts them.
func schemaOf(all []column) parquet.Node {
	g := parquet.Group{Body: parquet.Required(parquet.Encoded(parquet.String(), &parquet.Plain))}
	order := make([]string, 0, len(all)+1)
	for _, c := range all {
		var n parquet.Node
		switch c.kind {
		case instant:
			n = parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.Plain)
		case dictionary:
			n = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		default:
			n = parquet.Encoded(parquet.String(), &parquet.Plain)
		}
		g[c.name] = parquet.Optional(n)
		order = append(order, c.name)
	}
	return ordered{g, append(order, Body)}
}

// ordered is a group whose fields have an order.
type ordered struct {
	parquet.Group
	order []string
}

// Fields are the columns.
func (o ordered) Fields() []parquet.Field {
	named := map[string]parquet.Field{}
	for _, f := range o.Group.Fields() {
		named[f.Name()] = f
	}
	out := make([]parquet.Field, 0, len(o.order))
	for _, name := range o.order {
		out = append(out, named[name])
	}
	return out
}

// GoType is that of the group: nothing is read into it.
func (o ordered) GoType() reflect.Type { return o.Group.GoType() }
