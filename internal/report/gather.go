package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
)

// Bounds of reading: pages of one subject.
const (
	publicPage  = publish.MaxPage
	publicPages = 60
	ownPage     = 1000
	ownPages    = 20
)

// gather reads what the report is composed of, and gives the subject's number and the entry in the access log.
func (s *Service) gather(ctx context.Context, m *material) (id, access int64, err error) {
	if m.order.Kind == Standard {
		id, err = s.gatherPublic(ctx, m)
		return id, 0, err
	}
	return s.gatherOwn(ctx, m)
}

func (s *Service) gatherPublic(ctx context.Context, m *material) (int64, error) {
	view, err := s.c.Register.Subject(ctx, m.order.Subject.Code, m.at)
	if err != nil {
		return 0, err
	}
	sub, ok, err := s.c.Subjects.ByCode(ctx, view.Code)
	if err != nil {
		return 0, err
	}
	if !ok || sub.Kind == catalog.Person {
		return 0, publish.ErrNoSubject
	}
	m.subject, m.region, m.former = view.SubjectRef, view.RegionName, view.FormerNames
	cursor := ""
	for range publicPages {
		page, next, err := s.c.Register.SubjectRecords(ctx, view.Code, "", m.at, cursor, publicPage)
		if err != nil {
			return 0, err
		}
		m.records = append(m.records, page...)
		if cursor = next; cursor == "" {
			return sub.ID, nil
		}
	}
	m.cut = true
	return sub.ID, nil
}

// gatherOwn reads the subject's own file, or what a consent opens of it. Every reading stands in the access log.
func (s *Service) gatherOwn(ctx context.Context, m *material) (id, access int64, err error) {
	o := &m.order
	action, scope := authz.ReportConsented, authz.Scope{Agency: o.Purpose.Agency}
	if o.Purpose.Own {
		action, scope = authz.ReportOwn, authz.Scope{Subject: o.Subject.ID}
	}
	if err := s.c.Authority.Decide(o.Who, action, scope).Err(); err != nil {
		return 0, 0, err
	}
	ask := publish.Ask{Who: o.Who, Subject: o.Subject, Purpose: o.Purpose, AsOf: m.at, Limit: ownPage}
	if o.Purpose.Consent != 0 && o.Kind == Special { // it says of every area what is not there: a consent that does not open all of it makes no such report
		ask.Items = m.areas.Items
	}
	if o.Purpose.Own && o.Kind == Special {
		ask.Items = m.looked()
	}
	if err := s.opening(ctx, m); err != nil {
		return 0, 0, err
	}
	for page := 0; ; page++ {
		answer, err := s.c.Register.Disclose(ctx, ask)
		if err != nil {
			return 0, 0, err
		}
		if page == 0 {
			m.subject, m.basis, access = answer.Subject, answer.Basis, answer.Entry
			if (m.subject.Kind == catalog.Person) != (o.Kind == Person) {
				return 0, 0, ErrSubject
			}
		}
		m.take(answer.Records)
		ask.Cursor = answer.Next
		if ask.Cursor == "" {
			break
		}
		if page+1 >= ownPages || o.Purpose.Consent != 0 { // a further page would use the consent up once more
			m.cut = true
			break
		}
	}
	if m.cut && o.Kind == Special {
		return 0, 0, errTooMany // such a report says that there is nothing else
	}
	id, err = s.idOf(ctx, m)
	m.region = s.c.Region(m.subject.Region)
	return id, access, err
}

// looked gives the items that a special report is made of: those it speaks of, and what its head says of the subject. Nothing else is read for it.
func (m *material) looked() []catalog.ItemCode {
	out := slices.Clone(m.areas.Items)
	for _, item := range m.edition.Items {
		if item.Establishes || item.Code == honours || item.Code == serious {
			out = append(out, item.Code)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ErrNarrow refuses a special report on a consent that leaves classes of its items closed.
var ErrNarrow = fault.New(fault.Denied, "report.narrow", "授权书没有开放专项报告要查的全部信息类别，不能据此写明“未发现记录”", "请主体重新授权，勾选各事项的全部类别；或者由主体自己生成专项报告")

// opening looks at what the order's consent opens before it is used. A special report is refused where it would hide some of the records that it must look
// through; a person's report says which items it is about. What else is wrong with a consent is the gate's to say and to put on file.
func (s *Service) opening(ctx context.Context, m *material) error {
	p := &m.order.Purpose
	if p.Consent == 0 || s.c.Consents == nil {
		return nil
	}
	sub, ok, err := s.whom(ctx, &m.order.Subject)
	if err != nil || !ok {
		return err
	}
	items, classes, missing, err := s.c.Consents.Peek(ctx, p.Consent, sub.ID, p.Agency, p.Aim, m.at)
	if err != nil || missing != "" {
		return err
	}
	m.items = items
	if m.order.Kind != Special {
		return nil
	}
	if err := s.opens(items, classes); errors.Is(err, ErrNarrow) {
		return err
	}
	return nil
}

// whom finds the subject that an order names by a code or a document.
func (s *Service) whom(ctx context.Context, w *publish.Whom) (subject.Subject, bool, error) {
	if w.Number != "" {
		return s.c.Subjects.ByPerson(ctx, cntext.Fold(w.DocKind), cntext.Fold(w.Number))
	}
	return s.c.Subjects.ByCode(ctx, w.Code)
}

// opens reports whether a consent opens everything that a special report looks through.
func (s *Service) opens(items []catalog.ItemCode, classes []catalog.Class) error {
	edition := s.c.Editions.Current(clock.Today(s.c.Clock))
	for _, code := range s.c.Areas.Items {
		if !slices.Contains(items, code) {
			return publish.MissingGiven.Err()
		}
		if item, ok := edition.Item(code); ok && !slices.Contains(classes, item.Class) {
			return ErrNarrow
		}
	}
	return nil
}

var errTooMany = fault.New(fault.TooLarge, "report.records", "主体的记录太多，专项报告列不全", "请联系平台工作人员办理")

// take keeps the records that a report of this kind lists: in a person's report nothing that is withdrawn, repaired or past its time, and no penalty by the simple
// procedure, which only the special report lists.
func (m *material) take(list []publish.RecordView) {
	for _, r := range list {
		if m.order.Kind == Person && (r.Simple || !m.stands(&r)) {
			continue
		}
		m.records = append(m.records, r)
	}
}

// idOf finds the subject's number, which views do not carry.
func (s *Service) idOf(ctx context.Context, m *material) (int64, error) {
	if m.order.Subject.ID != 0 {
		return m.order.Subject.ID, nil
	}
	for i := range m.records {
		if at, err := record.ParseID(m.records[i].ID); err == nil {
			return at.Subject, nil
		}
	}
	w := m.order.Subject
	if w.Number == "" {
		w.Code = m.subject.Code
	}
	sub, ok, err := s.whom(ctx, &w)
	if err == nil && !ok {
		err = publish.MissingSubject.Err()
	}
	return sub.ID, err
}

// prove binds the document to the public log.
func (s *Service) prove(ctx context.Context, m *material, id int64, d *Document) error {
	if s.c.Prover == nil {
		return nil
	}
	log, err := s.c.Prover(ctx)
	if err != nil || log == nil {
		return nil //nolint:nilerr // without a log there are no proofs, and the report says so
	}
	if err := s.proveRecords(ctx, log, id, d); err != nil {
		return err
	}
	if m.order.Kind != Special || !m.order.Purpose.Own {
		return nil
	}
	return s.proveSets(ctx, m, id, d)
}

// proveRecords proves each listed record, under one checkpoint.
func (s *Service) proveRecords(ctx context.Context, log Prover, id int64, d *Document) error {
	newest, err := s.c.Versions.NewestOf(ctx, id)
	if err != nil {
		return err
	}
	var at []translog.Location
	var of []RecordProof
	d.records(func(_ *Item, r *Record) {
		key, err := record.ParseID(r.ID)
		if err != nil {
			return
		}
		if n, ok := newest[key.Key]; ok && n.Number == r.Version {
			at, of = append(at, n.Place), append(of, RecordProof{Record: r.ID, Version: r.Version})
			return
		}
		d.Proofs.Missing++
	})
	several, err := log.ProveSeveral(ctx, at)
	if fault.KindOf(err) == fault.NotFound { // the log is just being made
		d.Proofs.Missing += len(at)
		return nil
	}
	if err != nil {
		return err
	}
	d.Proofs.Checkpoint = several.Checkpoint
	for i, in := range several.Included {
		if in == nil {
			d.Proofs.Missing++
			continue
		}
		of[i].Index, of[i].Entry, of[i].Hashes = in.Index, in.Entry, in.Hashes
		d.Proofs.Records = append(d.Proofs.Records, of[i])
	}
	return nil
}

// proveSets proves, for each item that a special report looks through, that there is nothing beyond what stands there. Content is opened of listed records
// alone: the applicant chose the areas, and whoever is shown the report learns of nothing else but how many versions there are.
func (s *Service) proveSets(ctx context.Context, m *material, id int64, d *Document) error {
	listed := map[string]bool{}
	d.records(func(_ *Item, r *Record) { listed[r.ID+"@"+fmt.Sprint(r.Version)] = true })
	bundles, err := s.c.Register.ProveItems(ctx, publish.ProofAsk{Who: m.order.Who, Subject: id}, m.areas.Items)
	if errors.Is(err, translog.ErrNoLog) { // the log is just being made: the report stands without proofs and says so
		return nil
	}
	if err != nil {
		return err
	}
	if len(bundles) != len(m.areas.Items) {
		return publish.MissingRole.Err()
	}
	for _, bundle := range bundles {
		var b bytes.Buffer
		if err := bundle.Write(ctx, &b); err != nil {
			return err
		}
		raw, err := closeOthers(b.Bytes(), listed)
		if err != nil {
			return err
		}
		d.Proofs.Sets = append(d.Proofs.Sets, raw)
	}
	d.Subject.Number = fmt.Sprint(id)
	return nil
}

// closeOthers takes out of a bundle the content of versions that the report does not list.
func closeOthers(raw []byte, listed map[string]bool) (json.RawMessage, error) {
	var bundle struct {
		Format     json.RawMessage `json:"format"`
		Checkpoint json.RawMessage `json:"checkpoint"`
		Subject    json.RawMessage `json:"subject"`
		Item       json.RawMessage `json:"item"`
		Salt       json.RawMessage `json:"salt"`
		Slots      json.RawMessage `json:"slots"`
		Root       json.RawMessage `json:"root"`
		Moment     json.RawMessage `json:"moment,omitempty"`
		MapPath    json.RawMessage `json:"map_path"`
		Absent     json.RawMessage `json:"absent"`
		Other      json.RawMessage `json:"other,omitempty"`
		Places     []struct {
			PlaceSalt json.RawMessage        `json:"place_salt,omitempty"`
			Path      json.RawMessage        `json:"path,omitempty"`
			Versions  []translog.RecordProof `json:"versions"`
		} `json:"places"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields() // a part that this does not know would be lost
	if err := decoder.Decode(&bundle); err != nil {
		return nil, fmt.Errorf("report: bundle: %w", err)
	}
	for i := range bundle.Places {
		for j := range bundle.Places[i].Versions {
			v := &bundle.Places[i].Versions[j]
			if o := v.Opening; o != nil && (len(o.Parts) < 3 || !listed[o.Parts[1]+"@"+o.Parts[2]]) {
				v.Opening = nil
			}
		}
	}
	return encode(&bundle)
}
