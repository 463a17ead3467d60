package catalog

import "strings"

// maxKinds is how many values of a category list fit into a bit set.
const maxKinds = 62

// KindBits gives the bit set of the kinds of decision (罚款, 没收违法所得) over the item's category list, by which columns are filtered. A
// value that the list does not have, and an item without such a list, give no bit. Lists only grow at their end, so that bits keep
// their meaning.
func (it *Item) KindBits(names []string) int64 {
	list := it.kindList()
	if list == nil {
		return 0
	}
	var bits int64
	for _, name := range names {
		i := list.Index(name)
		if i < 0 && list.Open != "" && strings.HasPrefix(name, list.Open+"-") {
			i = list.Index(list.Open)
		}
		if i >= 0 && i < maxKinds {
			bits |= 1 << i
		}
	}
	return bits
}

// KindNames gives the kinds of a bit set in the order of the list.
func (it *Item) KindNames(bits int64) []string {
	list := it.kindList()
	if list == nil || bits == 0 {
		return nil
	}
	var out []string
	for i := range list.Values {
		if i < maxKinds && bits&(1<<i) != 0 {
			out = append(out, list.Values[i].Name)
		}
	}
	return out
}

func (it *Item) kindList() *List {
	f, ok := it.ByRole(RoleCategory)
	if !ok {
		return nil
	}
	list, _ := it.ListOf(f.Code)
	return list
}
