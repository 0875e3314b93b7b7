package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/internal/vectorset"
	"github.com/albert-search/albert-search/internal/zipf"
)

// source gives passages and their vectors, one after the other.
type source struct {
	random *rand.Rand
	dim    int

	text    *os.File
	lines   *bufio.Reader
	recent  []string // passages whose words the perturbed ones borrow
	words   zipf.Words
	vectors *os.File
	floats  *vectorset.Reader
	near    [][]float32 // vectors that are mixed into the perturbed ones

	// textRounds and vectorRounds count how often the files were begun anew.
	textRounds, vectorRounds int
}

const (
	// borrowed is the share of the words of a passage that is used again that
	// are another passage's.
	borrowed = 0.1
	// remembered is how many passages, and vectors, perturbed ones are mixed
	// with.
	remembered = 256
)

func openSource(c config, seed uint64) (_ *source, err error) {
	r := rand.New(rand.NewPCG(seed, 1))
	s := &source{random: r, dim: c.dim, words: zipf.New(r)}
	if c.text != "" {
		if s.text, err = os.Open(c.text); err != nil {
			return nil, err
		}
		s.lines = bufio.NewReaderSize(s.text, 1<<20)
	}
	if c.vectors != "" {
		if s.vectors, err = os.Open(c.vectors); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.readVectors()
	}
	return s, nil
}

func (s *source) Close() error {
	var errs []error
	for _, f := range []*os.File{s.text, s.vectors} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// passage returns the next text.
func (s *source) passage() (string, error) {
	if s.text == nil {
		return s.words.Text(150), nil
	}
	for again := false; ; {
		line, err := s.lines.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			return s.perturbText(line), nil
		}
		switch {
		case err == nil: // an empty line
		case !errors.Is(err, io.EOF):
			return "", err
		case again:
			return "", fmt.Errorf("%s has no passages", s.text.Name())
		default:
			again = true
			if _, err := s.text.Seek(0, io.SeekStart); err != nil {
				return "", err
			}
			s.lines.Reset(s.text)
			s.textRounds++
		}
	}
}

// perturbText keeps the text the first time the file is read.
func (s *source) perturbText(text string) string {
	if s.textRounds > 0 {
		words := strings.Fields(text)
		for i := range words {
			if s.random.Float64() < borrowed {
				other := strings.Fields(s.recent[s.random.IntN(len(s.recent))])
				words[i] = other[s.random.IntN(len(other))]
			}
		}
		text = strings.Join(words, " ")
	}
	s.recent = remember(s.random, s.recent, text)
	return text
}

// remember adds x, in place of another one where there are enough.
func remember[T any](r *rand.Rand, some []T, x T) []T {
	if len(some) < remembered {
		return append(some, x)
	}
	some[r.IntN(len(some))] = x
	return some
}

// readVectors begins to read the file of vectors.
func (s *source) readVectors() {
	s.floats = vectorset.NewReader(bufio.NewReaderSize(s.vectors, 1<<20), s.dim)
}

// vector returns the next vector.
func (s *source) vector() ([]float32, error) {
	if s.vectors == nil {
		return s.randomVector(), nil
	}
	v, err := s.floats.Next()
	if errors.Is(err, io.EOF) {
		if _, err := s.vectors.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		s.readVectors()
		s.vectorRounds++
		if v, err = s.floats.Next(); errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s has no vector of %d numbers", s.vectors.Name(), s.dim)
		}
	}
	if err != nil {
		return nil, err
	}
	plain := v
	if s.vectorRounds > 0 {
		v = vectorset.Mix(v, s.near[s.random.IntN(len(s.near))])
	}
	s.near = remember(s.random, s.near, plain)
	return v, nil
}

// randomVector is a unit vector of any direction.
func (s *source) randomVector() []float32 {
	v := make([]float32, s.dim)
	for i := range v {
		v[i] = float32(s.random.NormFloat64())
	}
	vek32.DivNumber_Inplace(v, vek32.Norm(v))
	return v
}
