package id

import (
	"errors"
	"fmt"
)

// datedDigits is how many numbers a day has.
const datedDigits = 1_000_000

// Dated makes a number that people read out: letters, a day as 20261123, and six digits that no other of that day has. seed chooses where the search begins, so
// that the digits tell neither order nor how many there were; taken says whether a number is given away.
func Dated(letters string, day int, seed int64, taken func(number string) (bool, error)) (string, error) {
	for i := range int64(datedDigits) {
		number := fmt.Sprintf("%s%d-%06d", letters, day, (seed%datedDigits+i)%datedDigits)
		if have, err := taken(number); err != nil || !have {
			return number, err
		}
	}
	return "", errors.New("id: a day has a million numbers, and all are given away")
}
