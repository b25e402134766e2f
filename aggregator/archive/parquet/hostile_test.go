package parquet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/actiontrail/actiontrail/aggregator/archive/parquet"
)

// Damaged files give an error, or the lines that were written: never others, and no panic.
func TestDamaged(t *testing.T) {
	_, lines := made(30, 3)
	file := write(t, parquet.NewSmallForm(12, 1<<20, 2<<10, 300), lines)
	dice := rand.New(rand.NewPCG(1, 1))
	wrong := 0
	try := func(damaged []byte) {
		got, err := read(damaged)
		if err != nil {
			wrong++
			return
		}
		if len(got) != len(lines) {
			t.Fatalf("%d lines and no error", len(got))
		}
		for i := range got {
			if !bytes.Equal(got[i], lines[i]) {
				t.Fatalf("line %d is another one, and there is no error", i)
			}
		}
	}
	for range 700 {
		damaged := bytes.Clone(file)
		for range 1 + dice.IntN(2) {
			damaged[dice.IntN(len(damaged))] ^= byte(1 << dice.IntN(8))
		}
		try(damaged)
	}
	if wrong < 300 {
		t.Errorf("only %d of 700 damaged files were refused", wrong)
	}
	for cut := 0; cut < len(file); cut += 1 + len(file)/200 {
		if _, err := read(file[:cut]); err == nil {
			t.Fatalf("a file cut to %d of %d bytes was read", cut, len(file))
		}
	}
}

// another is a file of the same schema that the library writes in another way.
func another(t *testing.T, codec compress.Codec, options []library.WriterOption, change func(row library.Row), lines ...[]byte) []byte {
	t.Helper()
	ours := write(t, parquet.NewForm(parquet.DefaultLevel), lines)
	f, err := library.OpenFile(bytes.NewReader(ours), int64(len(ours)))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]library.Row, len(lines))
	if len(lines) > 0 {
		r := f.RowGroups()[0].Rows()
		if n, err := r.ReadRows(rows); n != len(lines) {
			t.Fatal(n, err)
		}
		for i := range rows {
			rows[i] = rows[i].Clone()
			change(rows[i])
		}
	}
	var out bytes.Buffer
	options = append([]library.WriterOption{parquet.Schema(), library.Compression(codec), library.DataPageVersion(1), library.DataPageStatistics(false), library.KeyValueMetadata(parquet.VersionKey, parquet.Version)}, options...)
	w := library.NewWriter(&out, options...)
	if _, err := w.WriteRows(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What is Parquet, but not what an archive has, is refused; above all a column that
// says something else than the event.
func TestForeign(t *testing.T) {
	_, lines := made(20, 4)
	same := func(library.Row) {}
	z := &zstd.Codec{}
	set := func(column int, v library.Value) func(library.Row) {
		return func(r library.Row) { r[column] = v.Level(0, 1, column) }
	}
	if got, err := read(another(t, z, nil, same, lines...)); err != nil || len(got) != len(lines) {
		t.Fatalf("what the library writes by itself: %d lines, %v", len(got), err)
	}
	body := len(documented())
	for want, file := range map[string][]byte{
		"not by zstd":                        another(t, &snappy.Codec{}, nil, same, lines...),
		"is none that an archive has":        another(t, z, []library.WriterOption{library.DataPageVersion(2)}, same, lines...),
		`has version "2"`:                    another(t, z, []library.WriterOption{library.KeyValueMetadata(parquet.VersionKey, "2")}, same, lines...),
		"column user_name: it does not say":  another(t, z, nil, set(20, library.ByteArrayValue([]byte("mallory"))), []byte(`{"userIdentity":{"userName":"alice"}}`)),
		"column event_time: it does not say": another(t, z, nil, set(1, library.Int64Value(math.MaxInt64)), []byte(`{"eventTime":"2026-11-22T07:00:00Z"}`)),
		"column event_name: it does not say": another(t, z, nil, func(r library.Row) { r[2] = library.NullValue().Level(0, 0, 2) }, []byte(`{"eventName":"a"}`)),
		"column body: it is not canonical":   another(t, z, nil, func(r library.Row) { r[body] = library.ByteArrayValue([]byte("{")).Level(0, 0, body) }, lines...),
		"it is not Parquet":                  []byte("PAR1 this is some other text that is long enough"),
		"too short":                          []byte("PAR1"),
		"bytes, which cannot be":             append([]byte("PAR1"), binary.LittleEndian.AppendUint32(nil, 1<<31)...)[:8:8],
	} {
		if want == "bytes, which cannot be" {
			file = append(file, "PAR1"...)
		}
		if got, err := read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d lines, %v, want %q", len(got), err, want)
		}
	}
	var out bytes.Buffer
	w := library.NewWriter(&out, library.SchemaOf(struct{ A string }{}), library.KeyValueMetadata(parquet.VersionKey, parquet.Version))
	if err := errors.Join(w.Write(struct{ A string }{"a"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := read(out.Bytes()); err == nil || !strings.Contains(err.Error(), "a row group has 1 columns") {
		t.Errorf("another schema: %v", err)
	}
}

// withFooter is a file whose footer says something else.
func withFooter(t *testing.T, file []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	f, err := library.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	m := f.Metadata()
	change(m)
	var footer bytes.Buffer
	if err := thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&footer)).Encode(m); err != nil {
		t.Fatal(err)
	}
	begin := len(file) - 8 - int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	out := append(bytes.Clone(file[:begin]), footer.Bytes()...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(footer.Len())), "PAR1"...)
}

// A footer by which other readers would find something else than we do is refused.
func TestWrongFooters(t *testing.T) {
	_, lines := made(20, 4)
	file := write(t, parquet.NewForm(parquet.DefaultLevel), lines)
	if got, err := read(withFooter(t, file, func(*format.FileMetaData) {})); err != nil || len(got) != len(lines) {
		t.Fatalf("the same footer: %d lines, %v", len(got), err)
	}
	const name = 2 // a column with a dictionary
	for what, change := range map[string]func(g *format.RowGroup, c *format.ColumnMetaData){
		"pages with values begin at the dictionary": func(_ *format.RowGroup, c *format.ColumnMetaData) { c.DataPageOffset = c.DictionaryPageOffset },
		"pages with values begin later":             func(_ *format.RowGroup, c *format.ColumnMetaData) { c.DataPageOffset++ },
		"there is no dictionary":                    func(_ *format.RowGroup, c *format.ColumnMetaData) { c.DictionaryPageOffset = 0 },
		"it begins with what is not said to be one": func(_ *format.RowGroup, c *format.ColumnMetaData) {
			c.DataPageOffset, c.DictionaryPageOffset = c.DictionaryPageOffset, 0
		},
		"pages of another column": func(g *format.RowGroup, c *format.ColumnMetaData) { *c = g.Columns[name+1].MetaData },
		"outside":                 func(_ *format.RowGroup, c *format.ColumnMetaData) { c.TotalCompressedSize = 1 << 60 },
		"less pages":              func(_ *format.RowGroup, c *format.ColumnMetaData) { c.TotalCompressedSize-- },
		"more pages":              func(_ *format.RowGroup, c *format.ColumnMetaData) { c.TotalCompressedSize++ },
		"more values":             func(_ *format.RowGroup, c *format.ColumnMetaData) { c.NumValues++ },
		"another name":            func(_ *format.RowGroup, c *format.ColumnMetaData) { c.PathInSchema[0] = "x" },
		"another file":            func(g *format.RowGroup, _ *format.ColumnMetaData) { g.Columns[name].FilePath = "x" },
		"less rows":               func(g *format.RowGroup, _ *format.ColumnMetaData) { g.NumRows-- },
	} {
		wrong := withFooter(t, file, func(m *format.FileMetaData) { change(&m.RowGroups[0], &m.RowGroups[0].Columns[name].MetaData) })
		if got, err := read(wrong); err == nil {
			t.Errorf("%s: %d lines were read", what, len(got))
		}
	}
}

// A file that says of itself that it is huge takes no more memory than one may.
func TestBomb(t *testing.T) {
	long := []byte(`{"raw":"` + strings.Repeat("0", 8<<20) + `"}`)
	file := write(t, parquet.NewForm(parquet.DefaultLevel), [][]byte{long})
	if len(file) > 100<<10 {
		t.Fatalf("it has %d bytes", len(file))
	}
	if got, err := read(file); err != nil || len(got) != 1 || !bytes.Equal(got[0], long) {
		t.Fatalf("a line of 8 MiB: %v", err)
	}
	const most = 6 << 20
	r, err := parquet.NewReaderWithin(bytes.NewReader(file), int64(len(file)), most)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = r.Next()
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "of memory") {
		t.Errorf("a page of 8 MiB in 6: %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("%d MiB were allocated", took>>20)
	}
}

func FuzzReader(f *testing.F) {
	_, lines := made(12, 5)
	f.Add(write(f, parquet.NewForm(parquet.DefaultLevel), lines[:1]))
	f.Add(write(f, parquet.NewSmallForm(5, 1<<20, 256, 100), lines))
	f.Add(write(f, parquet.NewForm(parquet.DefaultLevel), nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := parquet.NewReaderWithoutSums(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		defer r.Close()
		for range 10_000 {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	})
}
