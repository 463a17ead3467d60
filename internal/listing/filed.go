package listing

import "context"

// FiledAs gives the row that an entry stands on file as; ok is false when it is no record, or not yet.
func (s *Service) FiledAs(ctx context.Context, e *Entry) (r Row, ok bool, err error) {
	if e.filed != filedYes {
		return Row{}, false, nil
	}
	r, err = s.rowFor(ctx, e, "I")
	return r, err == nil, err
}
