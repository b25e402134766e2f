package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Load reads files and folders (the *.hcl in them, not in folders below). No path
// at all gives the defaults. What is wrong in the files comes as *Mistakes.
func Load(paths ...string) (*Config, error) { return LoadOver(nil, paths...) }

// LoadOver is Load as if some files had another text; nil: as if they were not there.
func LoadOver(texts map[string][]byte, paths ...string) (*Config, error) {
	return LoadKept("", texts, paths...)
}

// LoadKept is LoadOver where the files of one folder hold what callers of the API have
// asked for: they name no program, and no file outside that folder, as whoever may
// make a trail must not thereby be who the server is. "": there is no such folder.
func LoadKept(kept string, texts map[string][]byte, paths ...string) (*Config, error) {
	names, err := files(paths)
	if err != nil {
		return nil, err
	}
	for name, text := range texts {
		if names = slices.DeleteFunc(names, func(n string) bool { return n == name }); text != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	parser := hclparse.NewParser()
	r := reader{kept: kept}
	var all fileBlocks
	c := &Config{Blocks: map[string]string{}, texts: map[string]string{}}
	whole := sha256.New()
	for _, name := range names {
		text := texts[name]
		if text == nil {
			if text, err = os.ReadFile(name); err != nil {
				return nil, fmt.Errorf("configuration: %w", err)
			}
		}
		sum := sha256.Sum256(text)
		c.Files = append(c.Files, File{name, hex.EncodeToString(sum[:])})
		whole.Write(sum[:])
		file, diags := parser.ParseHCL(text, name)
		for _, d := range diags {
			if d.Summary == "Invalid expression" {
				d.Detail += " Text stands in quotes."
			}
		}
		r.diagnostics = append(r.diagnostics, diags...)
		if file == nil || diags.HasErrors() {
			continue
		}
		c.blocksOf(file)
		var blocks fileBlocks
		r.decode(file.Body, file.Body.MissingItemRange(), &blocks)
		all.add(&blocks)
	}
	r.config(c, &all)
	for _, d := range r.documents {
		whole.Write([]byte(d.Hash))
		c.Blocks["document "+d.Name] = d.Hash
		if !slices.Contains(c.Files, d) { // two mappers may share one
			c.Files = append(c.Files, d)
		}
	}
	slices.SortStableFunc(c.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	c.Hash = hex.EncodeToString(whole.Sum(nil))
	if len(r.diagnostics) > 0 {
		m := &Mistakes{r.diagnostics, parser.Files()}
		m.order()
		return nil, m
	}
	for _, s := range c.Sources {
		if s.Plugin != nil {
			s.Plugin.files = parser.Files()
		}
	}
	for _, t := range c.Trails {
		for _, d := range t.Deliver {
			if p, ok := d.To.(*Plugin); ok {
				p.files = parser.Files()
			}
		}
	}
	return c, nil
}

// blocksOf notes the text of each block at the top of a file, by its type and labels.
func (c *Config) blocksOf(file *hcl.File) {
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, b := range body.Blocks {
		text := file.Bytes[b.TypeRange.Start.Byte:b.CloseBraceRange.End.Byte]
		sum := sha256.Sum256(text)
		name := strings.Join(append([]string{b.Type}, b.Labels...), " ")
		c.Blocks[name] += hex.EncodeToString(sum[:])
		if b.Type == "trail" {
			c.texts[name] = string(text)
		}
	}
}

// files are the names of all files, sorted, each once.
func files(paths []string) ([]string, error) {
	var names []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			var e *os.PathError
			errors.As(err, &e)
			return nil, fmt.Errorf("configuration %s: %w", p, e.Err)
		}
		if !info.IsDir() {
			names = append(names, filepath.Clean(p))
			continue
		}
		found, err := filepath.Glob(filepath.Join(p, "*.hcl"))
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("configuration %s: the folder holds no *.hcl file", p)
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Stamp tells whether the files may have changed, without reading them: their
// names, sizes and times.
func Stamp(paths ...string) (string, error) {
	names, err := files(paths)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return "", fmt.Errorf("configuration: %w", err)
		}
		fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	return b.String(), nil
}

// add takes the blocks of one more file.
func (f *fileBlocks) add(g *fileBlocks) {
	f.Agent = append(f.Agent, g.Agent...)
	f.Sources = append(f.Sources, g.Sources...)
	f.Mappers = append(f.Mappers, g.Mappers...)
	f.NATS = append(f.NATS, g.NATS...)
	f.Agents = append(f.Agents, g.Agents...)
	f.Archives = append(f.Archives, g.Archives...)
	f.API = append(f.API, g.API...)
	f.Index = append(f.Index, g.Index...)
	f.Trails = append(f.Trails, g.Trails...)
	f.Accounts = append(f.Accounts, g.Accounts...)
	f.Organizations = append(f.Organizations, g.Organizations...)
	f.Alerts = append(f.Alerts, g.Alerts...)
}

// order sorts mistakes by place, and drops what is told twice.
func (m *Mistakes) order() {
	slices.SortStableFunc(m.diagnostics, func(a, b *hcl.Diagnostic) int {
		if a.Subject == nil || b.Subject == nil {
			return 0
		}
		if c := strings.Compare(a.Subject.Filename, b.Subject.Filename); c != 0 {
			return c
		}
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
	m.diagnostics = slices.CompactFunc(m.diagnostics, func(a, b *hcl.Diagnostic) bool {
		return a.Subject != nil && b.Subject != nil && *a.Subject == *b.Subject && a.Summary == b.Summary
	})
}
