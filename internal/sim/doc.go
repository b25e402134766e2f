// Package sim judges the whole path from a source to the sinks under faults.
// Its tests run a world of real lanes and followers on fake time: each call of
// a fake may fail undone or fail though it was done, and every part is killed
// again and again with what it had made durable as its only memory. At the end
// every line must be in each sink once and only once. It has no code of its own.
package sim
