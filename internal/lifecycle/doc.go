// Package lifecycle keeps the rule that nothing about a failure lasts longer than the law lets it. On the first day after its period a record is closed by the gate
// already, whether this package runs or not; End then writes that down: another version with the status 期满, for the log, for those who hold copies and for all
// that counts records. What is over stays in the archive for its subject and for supervision, and is destroyed, content and salts, when the archive's own period has
// passed; what that period is stands in dated data that two people put in force, and without a row nothing is destroyed.
package lifecycle
