package db

import (
	"context"
	"io/fs"
)

// MigrateFiles applies other migrations than the embedded ones.
func (d *DB) MigrateFiles(ctx context.Context, files fs.FS) error { return d.migrate(ctx, files) }

// RemoteFUSE exposes the reading of mountinfo.
var RemoteFUSE = remoteFUSE

// Folded waits until the log that is being folded into the file is.
func (d *DB) Folded() { d.folder.work.Wait() }

// MigrateBack undoes migrations down to a version.
func (d *DB) MigrateBack(ctx context.Context, version int64) error {
	p, err := d.provider(migrations)
	if err != nil {
		return err
	}
	_, err = p.DownTo(ctx, version)
	return err
}
