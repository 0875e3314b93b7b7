package local

import (
	"context"
	"errors"
)

// CheckCodes compares the codes of all segments with those that their vectors
// give, which takes some microseconds a passage. A segment without codes is no
// error: it is searched by its vectors. The error names every file that
// differs and is an index.ErrDamaged.
func (s *Store) CheckCodes(ctx context.Context) (err error) {
	v, err := s.acquire()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.release()) }()
	var errs []error
	for _, seg := range v.segs {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, file := range seg.vecs {
			if file.codes == nil {
				continue
			}
			if what := file.compareCodes(); what != "" {
				errs = append(errs, damagedCodes(file.codesPath(), what))
			}
		}
	}
	return errors.Join(errs...)
}
