package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/actiontrail/actiontrail/event"
)

// schema is what one would make for these questions: the fields that are asked for
// in a narrow table with indices that answer from themselves where that is cheap, the
// events apart, so that a scan of fields does not read them, and the text in FTS5
// without a second copy of it. Our index can be asked for every field; here only
// those that the questions name can.
const schema = `
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, id TEXT NOT NULL,
  name TEXT, rw TEXT, service TEXT, region TEXT, source_ip TEXT,
  user_name TEXT, access_key TEXT, resource TEXT, failed INTEGER NOT NULL);
CREATE TABLE documents (seq INTEGER PRIMARY KEY, json BLOB NOT NULL);
CREATE TABLE position (only INTEGER PRIMARY KEY CHECK (only = 0), seq INTEGER NOT NULL);
CREATE UNIQUE INDEX by_id ON events (id);
CREATE INDEX by_time ON events (time, failed);
CREATE INDEX by_service ON events (service, time, region, rw, failed);
CREATE INDEX by_user ON events (user_name, time, rw);
CREATE INDEX by_key ON events (access_key, time);
CREATE INDEX by_resource ON events (resource, time);
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, tokenize = "unicode61 tokenchars '-_.'");
INSERT INTO position VALUES (0, 0);
`

// lite is SQLite, on one connection.
type lite struct {
	dir  string
	db   *sql.DB
	conn *sql.Conn

	event, document, words, position *sql.Stmt
	asked                            map[string]*sql.Stmt // by their text

	seq  int64
	json []byte
	text strings.Builder
}

func openLite(ctx context.Context, dir string) (l *lite, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	// A WAL that is synced at each commit, which is as durable as ours, and memory for the hot pages.
	pragmas := []string{"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-262144)", "wal_autocheckpoint(10000)", "temp_store(MEMORY)"}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "events.db")+"?_pragma="+strings.Join(pragmas, "&_pragma="))
	if err != nil {
		return nil, err
	}
	l = &lite{dir: dir, db: db, asked: map[string]*sql.Stmt{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err := l.conn.ExecContext(ctx, schema); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&l.event, "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
		{&l.document, "INSERT INTO documents VALUES (?, ?)"},
		{&l.words, "INSERT INTO words (rowid, text) VALUES (?, ?)"},
		{&l.position, "UPDATE position SET seq = ?"},
	} {
		if *s.to, err = l.conn.PrepareContext(ctx, s.sql); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *lite) folder() string { return l.dir }

func (l *lite) close() error {
	var err error
	if l.conn != nil {
		err = l.conn.Close()
	}
	return errors.Join(err, l.db.Close())
}

// write stores a batch and its place in the stream in one transaction.
func (l *lite) write(ctx context.Context, b event.Batch) (err error) {
	if _, err := l.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, fault := l.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			err = errors.Join(err, fault)
		}
	}()
	for i := range b.Events {
		if err := l.insert(ctx, &b.Events[i]); err != nil {
			return fmt.Errorf("event %s: %w", b.Events[i].ID, err)
		}
	}
	if _, err := l.position.ExecContext(ctx, int64(b.Seq)); err != nil {
		return err
	}
	_, err = l.conn.ExecContext(ctx, "COMMIT")
	return err
}

func (l *lite) insert(ctx context.Context, e *event.Event) error {
	l.seq++
	u := &e.Identity
	if _, err := l.event.ExecContext(ctx, l.seq, e.Time.Std().UnixMilli(), e.ID, e.Name, e.RW, e.Service, e.Region, e.SourceIP,
		u.UserName, u.AccessKeyID, e.ResourceName, e.ErrorCode != ""); err != nil {
		return err
	}
	l.json = e.AppendJSON(l.json[:0])
	if _, err := l.document.ExecContext(ctx, l.seq, l.json); err != nil {
		return err
	}
	_, err := l.words.ExecContext(ctx, l.seq, l.allText(e))
	return err
}

// allText is what a word without a field is looked for in.
func (l *lite) allText(e *event.Event) string {
	l.text.Reset()
	add := func(text string) {
		l.text.WriteString(text)
		l.text.WriteByte('\n')
	}
	for _, f := range searched {
		if text := f.Value(e); text != "" {
			add(text)
		}
	}
	for _, o := range []event.Object{e.RequestParameters, e.ResponseElements} {
		o.Leaves(func(_, value string) { add(value) })
	}
	return l.text.String()
}

// searched are the fields with text, but for the bodies. Never changed.
var searched = func() (all []event.Field) {
	for _, f := range event.Fields() {
		if f.Kind == event.Keyword || f.Kind == event.IP || f.Kind == event.Prose {
			all = append(all, f)
		}
	}
	return all
}()

// settle moves the WAL into the database and lets the planner see what is there.
func (l *lite) settle(ctx context.Context) error {
	for _, s := range []string{"ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := l.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}
