package app

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
)

// ringNote remembers in the database that a key ring was made for it.
const ringNote = "app.key_ring"

// ErrRingGone refuses to work over a database whose key ring is lost: another ring would open nothing of what rests sealed, and seal beside it what the old one,
// once it is back, could not open.
var ErrRingGone = fault.New(fault.Conflict, "app.ring_gone", "数据库已经在使用，它的密钥文件却不在；另造一套打不开已有的数据，所以没有启动",
	"请从单独保管处放回密钥文件（权限 600）；用 --with-keys 做的备份可以由 gongxin restore 取出，见 docs/operate/backup.md")

// OpenRing opens the key ring of a database, and makes it when the database never had one.
func OpenRing(ctx context.Context, d *db.DB, path string) (*gm.KeyRing, error) {
	note, err := db.Meta(ctx, d.Read(), ringNote)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && note != "" {
		return nil, ErrRingGone
	}
	ring, err := gm.OpenKeyRing(path)
	if err != nil || note != "" {
		return ring, err
	}
	return ring, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return db.SetMeta(ctx, tx, ringNote, "made") })
}
