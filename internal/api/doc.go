// Package api keeps the rule that a program meets the same register as a reader of the pages: what it may see comes
// through publish, what it files goes through ingest, and every refusal is one problem document (RFC 9457) that names
// the place, the rule and the remedy. It speaks HTTP and knows no SQL.
package api
