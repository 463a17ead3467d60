// Package listing keeps the rule that nobody stands on a list but by a decision: of a unit that the list's legal basis empowers, on a basis that is in force that
// day, after notice and hearing where the list asks for them, made by a person who did not propose it, with a document. No count and no machine lists anybody; time
// alone ends an entry. Kinds of lists, with their basis, criteria, periods and ways out, are dated data that two people change (approval).
package listing
