// Package web keeps the rule that every answer of the pages leaves through one stack: strict headers, a number for
// the request, a log line without anyone's name or code, one mapping from kinds of errors to statuses, and a page
// that says what happened and what to do. It knows no SQL and no record; portal and desks hang their routes into it.
package web
