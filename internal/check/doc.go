// Package check keeps the rule that a credit check (信用核查) is one answer to one question that has a reason: a matter of the unit that asks, and the law the
// matter rests on. It shows facts and the measures that the matter's own lists allow, and decides nothing: an officer does, and says why. What was answered is
// kept sealed, byte for byte, its digest bound into the public log; who was restrained because of it is told.
package check
