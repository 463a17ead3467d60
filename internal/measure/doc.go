// Package measure keeps the rule that nobody is restrained and nobody rewarded but by a measure of the base list (全国失信惩戒措施基础清单 and its like for incentives)
// that is valid that day, for a target that its row names, by a body that its row names, because of an entry that stands. A row that leaves the list, a basis that
// lapses and an entry that ends stop at once what rests on them: open orders are recalled, and every unit that had one must acknowledge. The list is dated
// data that two people change (approval).
package measure
