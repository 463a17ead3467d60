package record

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin/internal/db"
)

// Since reads on through the versions of the register, in the order in which their ids were made, behind a given one and up to limit of them: it gives those of some
// items that are in force and the newest of their record, without bodies, and where the next call goes on. Ids are made before the commit, so a reader stays behind
// what is being written: versions recorded after before are left for later. It is for a job.
func (s *Store) Since(ctx context.Context, after int64, before time.Time, items []string, limit int) (list []Version, next int64, err error) {
	next = after
	late := false
	err = db.ForEach(ctx, s.db.Read(), func(rows *sql.Rows) error {
		var id, at int64
		if err := rows.Scan(&id, &at); err != nil {
			return err
		}
		if late = late || at > micros(before); !late {
			next = id
		}
		return nil
	}, `SELECT version_id, recorded_at FROM record_version WHERE version_id > $1 ORDER BY version_id LIMIT $2+0`, after, limit)
	if err != nil || next == after || len(items) == 0 {
		return nil, next, wrap(err, "record: since")
	}
	args := []any{after, next}
	for _, item := range items {
		args = append(args, item)
	}
	list, err = versions(ctx, s.db.Read(), versionSelect+fmt.Sprintf(`record_version v CROSS JOIN record r WHERE v.version_id > $1 AND v.version_id <= $2 AND v.status = %d AND v.item IN `, Active)+
		db.In(len(items), 3)+` AND r.subject_id = v.subject_id AND r.record_key = v.record_key AND r.version_id = v.version_id ORDER BY v.version_id`, args...)
	for i := range list {
		list[i].Body = ""
	}
	return list, next, wrap(err, "record: since")
}
