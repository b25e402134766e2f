package api

import (
	"fmt"
	"slices"

	"github.com/actiontrail/actiontrail/event"
)

// Columns are those of CSV when nobody chooses others. The slice is the caller's own.
func Columns() []string { return slices.Clone(csvColumns) }

// Cells are the columns of a line of CSV for an event in canonical JSON, as the
// server writes them: harmless to spreadsheets.
func Cells(stored []byte, columns []string) ([]string, error) {
	e, err := event.ParseJSON(stored)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStored, err)
	}
	row := make([]string, len(columns))
	for i, column := range columns {
		row[i] = harmlessCell(cell(&e, stored, column))
	}
	return row, nil
}

// HarmlessCell is a value of CSV that no spreadsheet takes for a formula.
func HarmlessCell(value string) string { return harmlessCell(value) }
