//go:build !linux

package nameindex

import "time"

var processStart = time.Now()

// cpuTime falls back to elapsed time where the time of a thread is not to be had.
func cpuTime() time.Duration { return time.Since(processStart) }
