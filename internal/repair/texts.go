package repair

import (
	"context"
	"fmt"

	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/sealed"
)

func (s *Service) appTexts() *sealed.Texts {
	return &sealed.Texts{
		DB: s.DB, Ring: s.Ring, Title: "信用修复申请", Table: "repair_application", Key: [2]string{"subject_id", "application_id"}, Columns: []string{"statement", "letter_text"},
	}
}

func (s *Service) caseTexts() *sealed.Texts {
	return &sealed.Texts{DB: s.DB, Ring: s.Ring, Title: "信用修复决定的理由", Table: "repair_case", Key: [2]string{"subject_id", "repair_id"}, Columns: []string{"reason"}}
}

func (s *Service) breachTexts() *sealed.Texts {
	return &sealed.Texts{
		DB: s.DB, Ring: s.Ring, Title: "撤销修复的事由", Table: "repair_breach", Key: [2]string{"subject_id", "breach_id"}, Columns: []string{"cause", "reason"},
	}
}

// Texts are statements, letters and reasons, which rest sealed.
func (s *Service) Texts() []*sealed.Texts {
	return []*sealed.Texts{s.appTexts(), s.caseTexts(), s.breachTexts()}
}

// lettersAtOnce is how many letters one transaction moves.
const lettersAtOnce = 200

// SealLetters moves letters from before they were sealed to where they rest sealed, and gives how many. Their bytes stay what was signed.
func (s *Service) SealLetters(ctx context.Context) (n int, err error) {
	for {
		done := 0
		err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			list, err := s.apps(ctx, tx, `SELECT `+appColumns+` FROM repair_application WHERE letter_text = '' AND length(letter) > 0 ORDER BY subject_id, application_id LIMIT $1+0`, lettersAtOnce)
			if err != nil {
				return err
			}
			done = len(list)
			for i := range list {
				if err := s.writeApp(ctx, tx, &list[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("repair: seal letters: %w", err)
		}
		if n += done; done < lettersAtOnce {
			return n, nil
		}
	}
}

// NamedFiles yields the attachments that drafts and applications name.
func NamedFiles(ctx context.Context, q db.Querier, yield func(hash string)) error {
	return flow.NamedInJSON(ctx, q, `SELECT files FROM repair_application WHERE state <> 'dropped'`, yield)
}
