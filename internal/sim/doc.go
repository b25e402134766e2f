// Package sim judges the whole path from a source to the sinks under faults.
//
// Its tests run worlds on fake time: real lanes on real spools, the real
// followers, purger and lane of the aggregator, real archives in a folder; the
// stream, the index, the disks and the networks are fakes that fail. Each call of
// a fake may fail undone, or though it was done, or kill the process that makes
// it; half of all faults arm a second one somewhere else. Between two lives power
// is lost, folders are lost, copied, rolled back, moved and rotten. All the while
// trails are stopped and started, have their filters and the form of their objects
// changed, lose and get deliveries, owe, and are asked for what came before. Then the
// faults end, everything must arrive, and a judge compares the logs with the
// stream, and the stream with each sink.
//
// One number makes a world, but not all of it: epochs and keys are drawn, waits
// of backoff have chance in them, and goroutines that run at the same moment of
// fake time may do so in either order. A seed that failed nearly always fails
// again; -trace tells what happens in it.
//
// TestPlanted builds the worlds around mistakes, and sees that they are caught.
// The package has no code of its own.
package sim
