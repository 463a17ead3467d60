package audit

import (
	"strconv"
	"strings"
	"time"
)

// place names an entry or an alert in an address: its instant in microseconds and its number. Both lists are kept in this order, so that a place is found
// without a further index.
func place(at time.Time, id int64) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "-" + strconv.FormatInt(id, 10)
}

// parsePlace reads what place wrote and gives the cursor right before it.
func parsePlace(s string) (at time.Time, id int64, before string, ok bool) {
	a, b, ok := strings.Cut(s, "-")
	micros, err := strconv.ParseInt(a, 10, 64)
	id, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err != nil || err2 != nil || micros <= 0 || id <= 0 || id == 1<<63-1 {
		return time.Time{}, 0, "", false
	}
	at = time.UnixMicro(micros).UTC()
	if place(at, id) != s {
		return time.Time{}, 0, "", false
	}
	return at, id, strconv.FormatInt(micros, 10) + "." + strconv.FormatInt(id+1, 10), true
}
