// Package declaration keeps the rule that a subject speaks for itself and for nobody else, and that what it says is called so: a declaration (自主申报) is made by
// the subject's own agent, about the items of the catalogue that the rules open to it, checked for its form by a person of the unit that receives declarations, and
// on file only after that person has accepted it, through the same intake and the same checks as any row that a department files. The platform does not verify what
// it says; the catalogue's name of the item says so wherever it shows. The subject takes it back whenever it wants, and nobody has to agree.
//
// Nothing is declared without a legal basis of its item in force on that day. A natural person declares only where the catalogue admits persons to an item that is
// open, and what persons declare is never public: the gate holds for declarations as for every record. What was declared rests sealed beside its case.
package declaration
