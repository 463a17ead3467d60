// Package repair keeps the rule that a failure stops being shown early only by the law's own dates and a decision: never before its earliest day, never where
// the rules exclude it, on the application of the subject itself, by the unit that made the finding ("谁认定、谁修复"), and free of charge. What is granted ends
// in one transaction everything that rests on the record; what is refused says why and from when it can be asked for again; a commitment that was broken
// brings the record back. Earliest days, automatic ends, exclusions, clocks and the letter of commitment are dated data that two people change (approval).
//
// One application may name several records of several units. It has one letter and one set of papers, and becomes one case for each record, so that every unit
// decides on its own findings alone and each record has its own answer.
package repair
