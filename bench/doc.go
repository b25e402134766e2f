// Package bench measures what an operator would ask about: what a line of a log
// costs until the stream has it, what an event costs in the index, how long
// searches take, and how soon a line can be found. Everything is real: files,
// syncs, the embedded NATS server, the index on disk. The input is made anew from
// a seed each time, so that two runs differ in the machine alone.
//
// The benchmarks print figures and never fail because of one: a slow machine is
// no defect. docs/performance.md keeps the figures beside the goals.
//
//	make bench                                        # all, some minutes
//	BENCH_LINES=100000 BENCH_SECONDS=2 make bench     # a shorter log, less of live tailing
//	BENCH_EVENTS=10000000 BENCH_DIR=/data make bench  # the large index, kept for the next run
//	bench/sqlite.sh                                   # the index beside SQLite with FTS5
//
// CPU seconds are those of the process, user and system together, without what
// was spent on making the input. On a machine that does other work too, repeat
// (-count) and take the smallest.
package bench
