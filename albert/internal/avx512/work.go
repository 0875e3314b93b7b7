package avx512

// Work is room for what is calculated in between. It grows as needed and may
// be used by one goroutine at a time.
type Work struct {
	bytes         []uint8
	steps, scores []float32
}

// Grow returns n elements of what *s has room for, or else is given room for.
func Grow[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	return (*s)[:n]
}
