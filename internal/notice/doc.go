// Package notice keeps the rule that whoever is told something is told in the transaction that made it so: a notice is on file when its cause is, or neither
// is. In-app it is there at once; by e-mail, text message or webhook it follows, is tried again with growing pauses, and goes on a list of dead ones when
// nothing helps, where an operator sees it and may send it again.
//
// A notice holds no identity number, and names of persons only masked: it leaves the house by ways that others can read. Addresses, telephone numbers and
// secrets are sealed at rest and never logged; what failed is kept as a short code.
//
// Deliver may run on any number of workers: each delivery is leased. When a worker dies between sending and writing that it sent, the delivery goes out
// again after its lease with the same number, by which receivers tell it from another.
//
// Webhooks carry an HMAC-SHA256 over time and body. They go to https addresses of the public network alone; private networks must be named in the
// configuration, and plain http is for loopback in the demo. The address is checked when the connection is made, after the name was resolved, and redirects
// are not followed: a receiver cannot point the server at its neighbours.
package notice
