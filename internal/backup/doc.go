// Package backup keeps the rule that a backup is whole or is none: it is taken while the register serves, from one snapshot, and what is
// restored from it is compared with what was saved, row for row, before anybody may rely on it.
//
// A backup is a folder. It holds the register as one file of rows per table, in a form that belongs to no engine (so that a county that
// began on an embedded database can go on as a province on a server), the public log's tiles, the received files as they lie sealed on disk,
// and MANIFEST.json, which is written last and names every file with its SHA-256, every table with its number of rows and a digest of
// them.
//
// The order makes every restored state verifiable. First the log: its checkpoint, and then the tiles, which only grow. Then the rows,
// from one snapshot: an entry enters the log only after the row that it vouches for was committed, so that every entry of the copied log has
// its row in the copied rows. Rows beyond the log's end stand in the outbox and are put into it again. Received files last:
// a file is on disk before the row that names it. Taken the other way round, a log could vouch for rows that the backup does not
// have, and nobody could tell a lost row from a removed one.
package backup

import "gongxin/internal/fault"

// Faults of saving and restoring.
var (
	ErrDir       = fault.New(fault.Invalid, "backup.dir", "备份目录无法使用", "请检查路径和权限；备份目录应在另一块磁盘上，并只对运行本程序的用户开放")
	ErrInside    = fault.New(fault.Invalid, "backup.inside", "备份目录位于数据目录之内，磁盘损坏时会一起丢失", "请把备份放到数据目录之外，最好是另一块磁盘")
	ErrRunning   = fault.New(fault.Conflict, "backup.running", "这个目录中正有另一次备份或清理在进行", "请等它结束后再试")
	ErrSpace     = fault.New(fault.Unavailable, "backup.space", "磁盘剩余空间不足", "请清理磁盘或换一个目录")
	ErrNone      = fault.New(fault.NotFound, "backup.none", "这里没有完整的备份", "请给出备份所在的目录；以 .partial- 开头的是中断的备份，不能使用")
	ErrBroken    = fault.New(fault.Invalid, "backup.broken", "备份已损坏，不能用来恢复", "请改用另一份备份，并检查存放备份的磁盘")
	ErrSchema    = fault.New(fault.Conflict, "backup.schema", "备份的数据库结构与本程序不同", "请用数据库结构版本与备份相同的程序恢复，然后升级程序并执行 gongxin migrate")
	ErrNotEmpty  = fault.New(fault.Conflict, "backup.not_empty", "目标数据库中已有数据，恢复只写入空库", "请换一个空的数据库；确认要放弃旧库时，请自行改名或删除后再恢复")
	ErrOther     = fault.New(fault.Conflict, "backup.other", "目标数据库正在从另一份备份恢复，没有完成", "请用同一份备份继续，或换一个空的数据库")
	ErrKeys      = fault.New(fault.Invalid, "backup.keys", "缺少这份备份需要的密钥", "请先把密钥文件放回数据目录（keys.json，以及 keys 文件夹）；用 --with-keys 做的备份请给出口令")
	ErrWrongKeys = fault.New(fault.Invalid, "backup.wrong_keys", "数据目录中的密钥不是做这份备份时的密钥", "请换成做备份时的密钥文件；用别的密钥，密封的内容打不开，标识也查不到")
	ErrPassword  = fault.New(fault.Denied, "backup.passphrase", "口令不对，或密钥文件已损坏", "请核对口令；口令遗失时，只能使用单独保管的密钥文件")
	ErrWeak      = fault.New(fault.Invalid, "backup.weak", "口令太短，至少需要 12 个字符", "请换一个更长的口令，并与备份分开保管")
	ErrLost      = fault.New(fault.Conflict, "backup.lost", "恢复后的数据与备份不一致", "请不要使用这个数据库；请检查磁盘后换一个空的数据库重新恢复")
	ErrLog       = fault.New(fault.Conflict, "backup.log", "数据目录中的公开日志与备份中的日志不是同一本", "请先移开数据目录中的 log 文件夹；两本日志不能接在一起")
	ErrColumn    = fault.New(fault.Internal, "backup.column", "有一列的类型不能备份", "")
)

// Progress is told while work goes on.
type Progress func(stage Stage, share float64, rows int64)

// Stage names a part of the work.
type Stage string

// The stages, in the order in which they come.
const (
	StageLog    Stage = "log"
	StageTables Stage = "tables"
	StageBlobs  Stage = "blobs"
	StageVerify Stage = "verify"
	StageCheck  Stage = "check"
)

func (p Progress) tell(stage Stage, share float64, rows int64) {
	if p != nil {
		p(stage, share, rows)
	}
}
