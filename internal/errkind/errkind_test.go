package errkind_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/albert-search/albert-search/internal/errkind"
)

func TestOfFindsTheOutermostKind(t *testing.T) {
	sentinel := errkind.New(errkind.Damaged, "damaged")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("plain"), ""},
		{sentinel, errkind.Damaged},
		{fmt.Errorf("read: %w", sentinel), errkind.Damaged},
		{errors.Join(errors.New("plain"), sentinel), errkind.Damaged},
		{errkind.Errorf(errkind.Usage, "no: %w", sentinel), errkind.Usage},
	} {
		if got := errkind.Of(c.err); got != c.want {
			t.Errorf("kind of %v is %q, want %q", c.err, got, c.want)
		}
	}
	if err := errkind.Errorf(errkind.Usage, "no: %w", sentinel); !errors.Is(err, sentinel) || err.Error() != "no: damaged" {
		t.Errorf("the error %v has lost its cause or its text", err)
	}
}
