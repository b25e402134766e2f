package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// maxDocument is how large an OpenAPI document may be, in bytes.
const maxDocument = 128 << 20

// openAPI reads the document that a block names and makes routes of it.
func (r *reader) openAPI(b *openAPIBlock, prefix string) []mapper.Route {
	o := mapper.OpenAPI{
		BasePath:    r.pathPrefix(b.BasePath, "base_path"),
		PathPrefix:  prefix,
		Service:     r.text(b.Service, ""),
		ServiceFrom: r.choice(b.ServiceFrom, "service_from", "", mapper.ServicesFrom()...),
		ActionFrom:  r.choice(b.ActionFrom, "action_from", "", mapper.ActionsFrom()...),
	}
	if given(b.Service) && given(b.ServiceFrom) {
		r.wrong(b.ServiceFrom.Range(), "keep service, or service_from", "the service is told twice")
	}
	name := r.file(b.File)
	if name == "" {
		if given(b.File) && !r.toldAt(b.File.Range()) {
			r.wrong(b.File.Range(), `write file = "shop.yaml"`, "the name of the document is empty")
		}
		return nil
	}
	text, err := readDocument(name)
	if err != nil {
		r.wrong(b.File.Range(), "it is looked for beside this file", "document %s: %v", name, err)
		return nil
	}
	sum := sha256.Sum256(text)
	r.documents = append(r.documents, File{name, hex.EncodeToString(sum[:])})
	doc, err := parseDocument(name, text)
	if err == nil {
		var routes []mapper.Route
		if routes, err = o.Import(doc); err == nil {
			return routes
		}
	}
	r.wrong(b.File.Range(), "", "document %s: %v", name, err)
	return nil
}

func readDocument(name string) ([]byte, error) {
	info, err := os.Stat(name) // before it is opened: a named pipe would wait for its writer
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return nil, e.Err
	}
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	case info.Size() > maxDocument:
		return nil, fmt.Errorf("it has more than %d MiB", maxDocument>>20)
	}
	return os.ReadFile(name)
}

// parseDocument reads JSON or YAML. JSON is read as such: a large document takes
// a tenth of the time.
func parseDocument(name string, text []byte) (any, error) {
	var doc any
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".yaml" || ext == ".yml" || !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return nil, fmt.Errorf("not YAML: %s", strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n  ", " "), "yaml: "))
		}
		return doc, nil
	}
	err := json.Unmarshal(text, &doc)
	if s := (*json.SyntaxError)(nil); errors.As(err, &s) {
		return nil, fmt.Errorf("not JSON: line %d: %w", 1+bytes.Count(text[:s.Offset], []byte("\n")), err)
	}
	return doc, err
}
