package me

import (
	"context"
	"slices"

	"gongxin/internal/flow"
	"gongxin/internal/web/ui"
)

// attached gives what the caller has attached; *flow.Engine does.
type attached interface {
	Attached(ctx context.Context, hashes []string) ([]flow.Attachment, error)
}

// keptField names the boxes of attachments that go with a form: they were uploaded when it was saved, or when it was refused. Who takes the tick away lets one go.
const keptField = "kept"

// fileWords say what an attachment is, by its media type.
var fileWords = map[string]string{"application/pdf": "PDF", "application/ofd": "OFD", "image/jpeg": "JPEG", "image/png": "PNG"}

// keptPicks are the boxes of attachments. One that somebody else attached, or that is kept no longer, is named by its title alone, and left out where it has none.
func keptPicks(ctx context.Context, in attached, hashes []string, titles map[string]string) []ui.Pick {
	var out []ui.Pick
	for _, hash := range hashes {
		label := titles[hash]
		if list, err := in.Attached(ctx, []string{hash}); err == nil {
			a := &list[0]
			label = a.Title + "（" + fileWords[a.Type] + "，" + byteSize(a.Bytes) + "，" + moment(a.AddedAt) + " 上传）"
		}
		if label != "" && !slices.ContainsFunc(out, func(p ui.Pick) bool { return p.Value == hash }) {
			out = append(out, ui.Pick{Value: hash, Label: label, On: true})
		}
	}
	return out
}
