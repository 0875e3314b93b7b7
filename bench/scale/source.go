package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
)

// source gives passages and their vectors, one after the other.
type source struct {
	random *rand.Rand
	dim    int

	text    *os.File
	lines   *bufio.Reader
	recent  []string // passages whose words the perturbed ones borrow
	words   *rand.Zipf
	vectors *os.File
	floats  *bufio.Reader

	// textRounds and vectorRounds count how often the files were begun anew.
	textRounds, vectorRounds int
}

const (
	// noise is the length of what is added to a unit vector that is used again;
	// the two then have a cosine of about 0.96.
	noise = 0.3
	// borrowed is the share of the words of a passage that is used again that
	// are another passage's.
	borrowed = 0.1
)

func openSource(c config, seed uint64) (_ *source, err error) {
	r := rand.New(rand.NewPCG(seed, 1))
	s := &source{random: r, dim: c.dim, words: rand.NewZipf(r, 1.1, 4, 50_000)}
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
		s.floats = bufio.NewReaderSize(s.vectors, 1<<20)
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
		return s.generate(150), nil
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
	if len(s.recent) < 256 {
		s.recent = append(s.recent, text)
	} else {
		s.recent[s.random.IntN(len(s.recent))] = text
	}
	return text
}

// generate makes n words with the frequencies of natural language.
func (s *source) generate(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for w := s.words.Uint64() + 20; w > 0; w /= 20 {
			b.WriteByte("bcdfghjklmnpqrstvwxz"[w%20])
			b.WriteByte("aeiou"[w%5])
		}
	}
	return b.String()
}

// vector returns the next vector.
func (s *source) vector() ([]float32, error) {
	v := make([]float32, s.dim)
	if s.vectors == nil {
		perturb(v, 1, s.random)
		return v, nil
	}
	err := binary.Read(s.floats, binary.LittleEndian, v)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if _, err := s.vectors.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		s.floats.Reset(s.vectors)
		s.vectorRounds++
		err = binary.Read(s.floats, binary.LittleEndian, v)
		if err != nil {
			return nil, fmt.Errorf("%s has no vector of %d numbers", s.vectors.Name(), s.dim)
		}
	} else if err != nil {
		return nil, err
	}
	if s.vectorRounds > 0 {
		perturb(v, noise, s.random)
	}
	return v, nil
}

// perturb adds noise of about that length and makes a unit vector of the sum.
func perturb(v []float32, length float64, r *rand.Rand) {
	length /= math.Sqrt(float64(len(v)))
	var norm float64
	for i := range v {
		x := float64(v[i]) + length*r.NormFloat64()
		v[i] = float32(x)
		norm += x * x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(norm))
	}
}
