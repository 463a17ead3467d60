// Package flow keeps the rule that a procedure moves only along its table: who may, from where, to where and by when stand in data, and a
// step that the table does not hold is refused. A step, its deadline, its act in the log and what the feature changes are one transaction.
//
// Objection, repair, listing, measure orders and the like are all tables of this one shape (architecture, rule 6). The package knows no word of any
// domain and no role: it asks Config.May whether the caller may take an action, and tells the feature by Hooks what happened.
//
// Deadlines. A period is counted from a named instant: the arrival of the move that starts it, or the latest step of an event. The day of the instant is
// not counted; day one is the next day (民法典第201条), in working days the next working day (holiday tables are data). Case.Due is the last day on
// which a step is in time. What lapses, lapses at that day's midnight, 24:00 in China, which is the instant written on the automatic step; Step.Recorded
// says when the program wrote it. So a server that was down for a week leaves the same history as one that was not, and a period that an automatic step
// starts is counted from the day that has just ended. Whoever acts on a case after its midnight finds the automatic step taken, whether or not a worker has
// run since.
//
// A pause stops the clock; when it ends the deadline moves by the working days (of calendar periods: the days) that it lasted. A pause has an end of its own
// in the table, so that no case is lost in one. Extensions have a reason, and a bound in the table.
//
// Nobody takes a separated step who opened the case or took one of the named steps; a login and its API keys are one person.
//
// Steps are never changed or deleted. Reasons are read by everyone involved; notes only by the desks. Neither may hold an identity number.
package flow
