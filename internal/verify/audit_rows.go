package verify

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
)

// records recomputes the leaf of every version.
func (a *audit) records(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var subject, key, version, status, listed, decided, from, until, agency, kinds, procedure, severity, at, outbox, pos int64
		var item, edition, nkey, class, region, ruleSet, body, action string
		var salt []byte
		var actor, basis, why, submission sql.NullString
		var changed sql.NullInt64
		err := scan(&subject, &key, &version, &item, &edition, &nkey, &class, &status, &listed, &decided, &from, &until, &agency, &region, &kinds, &procedure,
			&severity, &ruleSet, &body, &action, &at, &salt, &outbox, &pos, &actor, &basis, &why, &submission, &changed)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("record_version 记录 %s 第 %d 版", recordNumber(subject, key), version)
		if !changed.Valid {
			a.fail("change.deleted", "record_change 第 %d 行已被删除：%s 不知由谁、依据什么写入", outbox, what)
			if ev := a.events[outbox]; ev != nil && pos >= 0 && pos < int64(ev.n) {
				a.seen[ev.index+pos] = true
			}
			return nil
		}
		if changed.Int64 != at {
			a.fail("change.changed", "record_change 第 %d 行的时间与 %s 不符：被改动", outbox, what)
		}
		if status == statusDestroyed && len(salt) == 0 {
			if index, ok := a.destroyed(what, outbox, pos); ok {
				a.sets = append(a.sets, setRow{subject, index, item})
			}
			return nil
		}
		index, ok := a.leaf(what, outbox, pos, salt, []string{
			formatRecord, recordNumber(subject, key), dec(version), item, edition, nkey, class, dec(status), dec(listed), dec(decided), dec(from), dec(until),
			dec(agency), region, dec(kinds), dec(procedure), dec(severity), ruleSet, body, action, actor.String, basis.String, why.String, submission.String, dec(at),
		})
		if ok {
			a.sets = append(a.sets, setRow{subject, index, item})
			if owner, owned, err := ownerAt(a.owners[outbox], pos); err != nil || owner != subject || owned != item {
				a.fail("outbox.subjects", "log_outbox 第 %d 行所记的主体和事项与 %s 不符", outbox, what)
			}
		}
		return nil
	}, `SELECT v.subject_id, v.record_key, v.version, v.item, v.edition, v.nkey, v.class, v.status, v.listed, v.decided_on, v.public_from, v.public_until,
		v.agency_id, v.region, v.kinds, v.procedure, v.severity, v.rule_set, v.body, v.action, v.recorded_at, v.salt, v.outbox_id, v.outbox_pos,
		c.actor, c.basis, c.why, c.submission, c.recorded_at
		FROM record_version v LEFT JOIN record_change c ON c.change_id = v.outbox_id ORDER BY v.version_id`)
}

// ownerAt reads subject and item of a leaf from a set/1: a byte 1, the number of items, each with its length before it, then 9 bytes a leaf.
func ownerAt(b []byte, pos int64) (subject int64, item string, err error) {
	if len(b) < 2 || b[0] != 1 {
		return 0, "", ErrEntry
	}
	items := make([]string, b[1])
	b = b[2:]
	for i := range items {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return 0, "", ErrEntry
		}
		items[i], b = string(b[1:1+b[0]]), b[1+b[0]:]
	}
	if pos < 0 || int64(len(b)) < 9*(pos+1) || int(b[9*pos+8]) >= len(items) {
		return 0, "", ErrEntry
	}
	return int64(binary.BigEndian.Uint64(b[9*pos:])), items[b[9*pos+8]], nil
}

// heads checks that each current row is what the newest version says: it is derived, and pages read it.
func (a *audit) heads(ctx context.Context) error {
	name := func(code, text string) func(scan func(...any) error) error {
		return func(scan func(...any) error) error {
			var subject, key int64
			if err := scan(&subject, &key); err != nil {
				return err
			}
			a.fail(code, text, recordNumber(subject, key))
			return nil
		}
	}
	for _, check := range []struct{ code, text, query string }{
		{"head.changed", "record 的现行状态（记录 %s）与其版本不符：被改动或插入", `SELECT r.subject_id, r.record_key FROM record r LEFT JOIN record_version v ON v.version_id = r.version_id
			WHERE v.version_id IS NULL OR v.subject_id <> r.subject_id OR v.record_key <> r.record_key OR v.item <> r.item OR v.status <> r.status OR v.listed <> r.listed
			OR v.decided_on <> r.decided_on OR v.public_from <> r.public_from OR v.public_until <> r.public_until OR v.agency_id <> r.agency_id OR v.region <> r.region
			OR v.kinds <> r.kinds`},
		{"head.old", "record 的现行状态（记录 %s）不是最新的版本：被退回旧版", `SELECT r.subject_id, r.record_key FROM record r JOIN record_version n ON n.prev_id = r.version_id
			WHERE n.subject_id = r.subject_id AND n.record_key = r.record_key`},
		{"row.erased", "record_version 记录 %s 的内容和盐被抹去，而最新的一版并未载明依规定销毁", `SELECT v.subject_id, v.record_key FROM record_version v
			LEFT JOIN record r ON r.subject_id = v.subject_id AND r.record_key = v.record_key LEFT JOIN record_version n ON n.version_id = r.version_id
			WHERE length(v.salt) = 0 AND (n.version_id IS NULL OR n.action <> 'destroyed' OR n.version_id = v.version_id)`},
		{"head.deleted", "record 的现行状态（记录 %s）已被删除", `SELECT v.subject_id, v.record_key FROM record_version v LEFT JOIN record r ON r.subject_id = v.subject_id AND r.record_key = v.record_key
			WHERE v.version = 1 AND r.subject_id IS NULL`},
	} {
		if err := a.each(ctx, name(check.code, check.text), check.query); err != nil {
			return err
		}
	}
	return nil
}

// chain checks that each version names the one before it.
func (a *audit) chain(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var subject, key, version int64
		if err := scan(&subject, &key, &version); err != nil {
			return err
		}
		a.fail("chain.changed", "record_version 记录 %s 第 %d 版不接在前一版之后：次序被改动，或前一版被删除", recordNumber(subject, key), version)
		return nil
	}, `SELECT v.subject_id, v.record_key, v.version FROM record_version v LEFT JOIN record_version p ON p.version_id = v.prev_id
		WHERE (v.prev_id = 0 AND v.version <> 1) OR (v.prev_id <> 0 AND (p.version_id IS NULL OR p.subject_id <> v.subject_id OR p.record_key <> v.record_key
		OR p.version <> v.version - 1))`)
}

// ends checks the ends of periods that procedures decided. They stand in no leaf, but follow from what does: the version that a decision wrote has another end than
// the one before it, and every later version carries the decision on.
func (a *audit) ends(ctx context.Context) error {
	old := 0
	err := a.each(ctx, func(scan func(...any) error) error {
		var subject, key, version int64
		var was, is versionEnd
		var action string
		var newer bool
		if err := scan(&subject, &key, &version, &action, &is.until, &is.decided, &is.ruled, &was.until, &was.decided, &was.ruled, &newer); err != nil {
			return err
		}
		switch {
		case is.follows(&was, action):
		case newer && is.decided == 0 && was.decided == 0: // before ends were carried on, the next filing undid them
			old++
		default:
			a.fail("end.changed", "record_version 记录 %s 第 %d 版所记的由程序决定的公示期（decided_until、ruled_until）与各版本不符：被改动", recordNumber(subject, key), version)
		}
		return nil
	}, `SELECT v.subject_id, v.record_key, v.version, v.action, v.public_until, v.decided_until, v.ruled_until,
		coalesce(p.public_until, 0), coalesce(p.decided_until, 0), coalesce(p.ruled_until, 0),
		EXISTS (SELECT 1 FROM record_version n WHERE n.subject_id = v.subject_id AND n.record_key = v.record_key AND n.version = v.version + 1)
		FROM record_version v LEFT JOIN record_version p ON p.subject_id = v.subject_id AND p.version_id = v.prev_id
		WHERE v.decided_until <> 0 OR v.ruled_until <> 0 OR p.decided_until <> 0 OR p.ruled_until <> 0
		OR (v.action NOT IN ('filed', 'corrected', 'withdrawn', 'destroyed') AND v.public_until <> p.public_until)`)
	if old > 0 {
		a.note("%d 条记录的公示期由程序改动过，以后的版本没有沿用：是升级以前的数据，否则是决定被抹去", old)
	}
	return err
}

// versionEnd is the end of the period of a version, and what was decided about it.
type versionEnd struct{ until, decided, ruled int64 }

// follows reports whether the decision that a version holds follows from the version before it.
func (is *versionEnd) follows(was *versionEnd, action string) bool {
	carried := is.decided == was.decided && is.ruled == was.ruled
	switch action {
	case "destroyed":
		return is.decided == 0 && is.ruled == 0
	case "filed", "corrected", "withdrawn":
		return carried && (is.decided == 0 || is.until <= is.decided)
	}
	ruled := was.ruled
	if was.decided == 0 {
		ruled = was.until
	}
	return carried && is.until == was.until || is.decided == is.until && is.ruled == ruled
}

func (a *audit) access(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var id, at, who, agency, session, subject, consent, hidden, outbox, pos int64
		var kind, address, matter, basis, what, records, outcome, missing, secrecy string
		var salt []byte
		err := scan(&id, &at, &kind, &who, &agency, &address, &session, &subject, &matter, &basis, &consent, &what, &records, &outcome, &missing, &hidden, &secrecy,
			&salt, &outbox, &pos)
		if err != nil {
			return err
		}
		a.leaf(fmt.Sprintf("access_log 查询记录 %d", id), outbox, pos, salt, []string{
			formatAccess, dec(id), dec(at), kind, dec(who), dec(agency), address, dec(session), dec(subject), matter, basis, dec(consent), what, records, outcome,
			missing, dec(hidden), secrecy,
		})
		return nil
	}, `SELECT access_id, at, who_kind, who_id, agency_id, address, session_id, subject_id, matter, basis, consent_id, what, records, outcome, missing,
		hidden_until, secrecy_basis, salt, outbox_id, outbox_pos FROM access_log ORDER BY access_id`)
}

func (a *audit) acts(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var id, at, who, agency, session, outbox, pos int64
		var kind, address, action, entity, detail string
		var salt []byte
		if err := scan(&id, &at, &kind, &who, &agency, &address, &session, &action, &entity, &detail, &salt, &outbox, &pos); err != nil {
			return err
		}
		a.leaf(fmt.Sprintf("audit_act 操作记录 %d", id), outbox, pos, salt, []string{
			formatAct, dec(id), dec(at), kind, dec(who), dec(agency), address, dec(session), action, entity, detail,
		})
		return nil
	}, `SELECT act_id, at, who_kind, who_id, agency_id, address, session_id, action, entity, detail, salt, outbox_id, outbox_pos FROM audit_act ORDER BY act_id`)
}

// compareSets makes every subject's set anew from the versions and compares the root with the newest one in the log.
func (a *audit) compareSets(ctx context.Context) error {
	if len(a.roots) == 0 {
		a.note("日志中还没有主体记录集合的根")
		return nil
	}
	root := a.roots[len(a.roots)-1]
	var salt, secret []byte
	err := a.each(ctx, func(scan func(...any) error) error { return scan(&salt, &secret) }, `SELECT set_salt, set_secret FROM log_state WHERE id = 1`)
	if err != nil {
		return err
	}
	slot := map[string]int{}
	used := a.slots
	for len(used) > 0 && slotsDigest(used) != root.Slots {
		used = used[:len(used)-1]
	}
	if slotsDigest(used) != root.Slots || duplicate(used) {
		a.fail("set.slots", "日志中的事项位次与集合的根不符")
		return nil
	}
	for i, item := range used {
		slot[item] = i
	}
	rows := a.sets[:0]
	for _, r := range a.sets {
		if _, ok := slot[r.item]; r.index < root.Covered && ok {
			rows = append(rows, r)
		} else if r.index < root.Covered {
			a.fail("set.slots", "事项 %s 没有位次", r.item)
			return nil
		}
	}
	entries := a.heads64(rows, slot, salt, secret)
	if mapRoot(entries, 0) != root.Root {
		a.fail("set.root", "由数据库重算的主体记录集合与日志中的根不符（覆盖到位置 %d）", root.Covered)
		return nil
	}
	a.prove("由数据库重算的 %d 个主体的记录集合与日志中的根一致（覆盖到位置 %d）", len(entries), root.Covered)
	return nil
}

type mapEntry struct{ key, head [32]byte }

// heads64 computes the head of each subject over its 64 places, sorted by key.
func (a *audit) heads64(rows []setRow, slot map[string]int, salt, secret []byte) []mapEntry {
	slices.SortFunc(rows, func(x, y setRow) int { return cmp.Or(cmp.Compare(x.subject, y.subject), cmp.Compare(x.index, y.index)) })
	var out []mapEntry
	for len(rows) > 0 {
		var places [slotCount][][32]byte
		n := 0
		for n < len(rows) && rows[n].subject == rows[0].subject {
			i := slot[rows[n].item]
			places[i] = append(places[i], a.leaves[rows[n].index])
			n++
		}
		key := subjectKey(salt, rows[0].subject)
		level := make([][32]byte, slotCount)
		for i := range places {
			s := placeSalt(secret, key, i)
			level[i] = placeHash(s[:], i, int64(len(places[i])), leavesRoot(places[i]))
		}
		for len(level) > 1 {
			for i := range len(level) / 2 {
				level[i] = pair(hashPlaceNode, level[2*i], level[2*i+1])
			}
			level = level[:len(level)/2]
		}
		out = append(out, mapEntry{key, level[0]})
		rows = rows[n:]
	}
	slices.SortFunc(out, func(x, y mapEntry) int { return bytes.Compare(x.key[:], y.key[:]) })
	return out
}

// mapRoot is the root over entries, sorted by key, that share the first depth bits.
func mapRoot(entries []mapEntry, depth int) [32]byte {
	if len(entries) == 0 {
		return [32]byte{}
	}
	if len(entries) == 1 && depth >= topLevels {
		return pair(hashMapLeaf, entries[0].key, entries[0].head)
	}
	cut, _ := slices.BinarySearchFunc(entries, 1, func(e mapEntry, one int) int { return keyBit(e.key, depth) - one })
	return node(mapRoot(entries[:cut], depth+1), mapRoot(entries[cut:], depth+1))
}
