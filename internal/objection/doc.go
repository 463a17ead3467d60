// Package objection keeps the rule that whoever a record is about can dispute it, is told by when it is answered, and is right in doubt: an accepted
// objection marks the record at once wherever it shows, what nobody can verify in time is taken down, and nobody decides on what they decided before
// (《山东省社会信用条例》第三十九条). What comes of it goes through the one write path of the register: the source files the corrected row again, or the
// record gets another status; nothing is edited freely, and a list is left by its decider alone.
//
// The periods, the reasons for which an objection may be turned away, and what happens when a source does not answer are dated data (Rules).
package objection
