package publish

import (
	"sync/atomic"

	"gongxin/internal/audit"
	"gongxin/internal/catalog"
)

// logPaused is why a record that would pass is not shown while publication pauses.
const logPaused Refusal = "log_paused"

// gateAnswers are the answers of the gate, gateClasses the classes of records: both are few and fixed, so that nothing about a record can become a label.
var (
	gateAnswers = [...]Refusal{
		Passes, NoItem, NoBasis, NotInForce, AboutPerson, ClassTooHigh, SimpleOnly, BeforeWindow, AfterWindow, NeverPublic, UnknownKind, logPaused,
	}
	gateClasses = [...]catalog.Class{catalog.Public, catalog.Authorised, catalog.Shared}
)

// disclosureKinds and disclosureElements are the kinds of look-up and the elements that can be missing.
var (
	disclosureKinds    = [...]string{"subject", "record", "consented", audit.Own, "check"}
	disclosureElements = [...]Missing{
		"", MissingSignIn, MissingRole, MissingFactor, MissingPurpose, MissingSubject, MissingRecord, MissingItem, MissingRate, MissingMatter, MissingAgency, MissingLapsed,
		MissingBasis, MissingCovered, MissingKind, MissingConsent, MissingGrantee, MissingAim, MissingRevoked, MissingEarly, MissingExpired, MissingUses, MissingGiven,
		MissingDisabled, MissingReach, missingOther,
	}
)

// missingOther stands for an element that has no sentence of its own.
const missingOther Missing = "other"

// tally counts what was decided since the process started. It holds numbers alone.
type tally struct {
	gate        [len(gateClasses)][len(gateAnswers)]atomic.Int64
	disclosures [len(disclosureKinds)][len(disclosureElements)]atomic.Int64
}

// decided counts an answer of the gate.
func (t *tally) decided(c catalog.Class, r Refusal) {
	for i := range gateClasses {
		if gateClasses[i] != c {
			continue
		}
		for j := range gateAnswers {
			if gateAnswers[j] == r {
				t.gate[i][j].Add(1)
				return
			}
		}
	}
}

// disclosed counts an answered or refused look-up.
func (t *tally) disclosed(what string, m Missing) {
	for i := range disclosureKinds {
		if disclosureKinds[i] != what {
			continue
		}
		at := len(disclosureElements) - 1
		for j := range disclosureElements {
			if disclosureElements[j] == m {
				at = j
				break
			}
		}
		t.disclosures[i][at].Add(1)
	}
}

// GateDecisions gives how often the gate of this process answered in each way about records of a class; the refusal is empty for what it let pass.
func (s *Service) GateDecisions(each func(c catalog.Class, r Refusal, n int64)) {
	for i := range gateClasses {
		for j := range gateAnswers {
			each(gateClasses[i], gateAnswers[j], s.tally.gate[i][j].Load())
		}
	}
}

// Disclosures gives how many look-ups beyond the public this process answered and refused, by kind and missing element; the element is empty for what was
// answered.
func (s *Service) Disclosures(each func(what string, m Missing, n int64)) {
	for i := range disclosureKinds {
		for j := range disclosureElements {
			each(disclosureKinds[i], disclosureElements[j], s.tally.disclosures[i][j].Load())
		}
	}
}
