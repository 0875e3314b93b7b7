package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Value is the field that a flag fills, and what may be in it. What the field
// holds when the flag is declared is the default.
type Value struct {
	field any // a pointer to it
	// set parses, checks and stores a text. Its error says what the text must
	// be: "it must be a whole number".
	set     func(text string) error
	get     func() string
	choices []string // nil where there are more than can be listed
	boolean bool     // --flag alone means true
	list    bool     // repeatable
	number  bool     // shown without quotes
}

// Field is a pointer to the field.
func (v Value) Field() any { return v.field }

// Bool fills a field with true.
func Bool(p *bool) Value {
	return Value{field: p, boolean: true, get: func() string { return strconv.FormatBool(*p) }, set: func(text string) error {
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("it must be true or false")
		}
		*p = b
		return nil
	}}
}

// String fills a field with a text that is not empty: a variable of a shell that
// is not set must not mean the default.
func String(p *string) Value {
	return Value{field: p, get: func() string { return *p }, set: func(text string) error {
		if text == "" {
			return errEmpty
		}
		*p = text
		return nil
	}}
}

var errEmpty = errors.New("it is empty: name something, or leave it out")

// whole are the types of whole numbers.
type whole interface{ ~int | ~int64 | ~uint64 }

// Int fills a field with a whole number for which ok returns nil.
func Int[T whole](p *T, ok func(n int64) error) Value { return Units(p, 1, ok) }

// Units fills a field with a whole number of the unit, such as MiB or seconds.
func Units[T whole](p *T, unit T, ok func(n int64) error) Value {
	get := func() string { return fmt.Sprint(int64(*p / unit)) }
	return Value{field: p, number: true, get: get, set: func(text string) error {
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return errors.New("it must be a whole number")
		}
		if err := ok(n); err != nil {
			return err
		}
		*p = T(n) * unit
		return nil
	}}
}

// AtLeast accepts whole numbers from the least on.
func AtLeast(least int64) func(int64) error {
	return func(n int64) error {
		if n < least {
			return fmt.Errorf("it must be at least %d", least)
		}
		return nil
	}
}

// Between accepts whole numbers from the least to the most.
func Between(least, most int64) func(int64) error {
	return func(n int64) error {
		if n < least || n > most {
			return fmt.Errorf("it must be at least %d and at most %d", least, most)
		}
		return nil
	}
}

// Float fills a field with a number for which ok returns nil; a nil ok accepts
// all.
func Float(p *float64, ok func(float64) error) Value {
	return Value{field: p, number: true, get: func() string { return fmt.Sprint(*p) }, set: func(text string) error {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("it must be a number")
		}
		if ok != nil {
			if err := ok(x); err != nil {
				return err
			}
		}
		*p = x
		return nil
	}}
}

// Choice fills a field with one of a few values.
func Choice[T ~string](p *T, among []T) Value {
	names := textsOf(among)
	return Value{field: p, choices: names, get: func() string { return string(*p) }, set: func(text string) error {
		if !slices.Contains(names, text) {
			return notOneOf(names)
		}
		*p = T(text)
		return nil
	}}
}

// Choices fills a field with some of a few values: the flag may be repeated, and
// have several with commas between them.
func Choices(p *[]string, among []string) Value {
	return Value{field: p, choices: among, list: true, get: func() string { return strings.Join(*p, ",") }, set: func(text string) error {
		for word := range strings.SplitSeq(text, ",") {
			word = strings.ToLower(strings.TrimSpace(word))
			if !slices.Contains(among, word) {
				return notOneOf(among)
			}
			*p = append(*p, word)
		}
		return nil
	}}
}

func notOneOf(names []string) error {
	return fmt.Errorf("it must be one of %s", strings.Join(names, ", "))
}

func textsOf[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// List fills a field with as many texts as the flag is repeated.
func List(p *[]string) Value {
	return Value{field: p, list: true, get: func() string { return strings.Join(*p, ",") }, set: func(text string) error {
		*p = append(*p, text)
		return nil
	}}
}

// Pairs fills a field with as many KEY=VALUE as the flag is repeated.
func Pairs(p *map[string]string) Value {
	return Value{field: p, list: true, get: func() string { return "" }, set: func(text string) error {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return errors.New("give it as KEY=VALUE")
		}
		if *p == nil {
			*p = map[string]string{}
		}
		(*p)[key] = value
		return nil
	}}
}

// Date fills a field with the beginning of a day, a month or a year, in local
// time, or with a time.
func Date(p *time.Time) Value {
	return Parsed(p, parseDate, func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339)
	})
}

func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("it is no date: write 2024-03-15, 2024-03, 2024 or 2024-03-15T14:30:00Z")
}

// Parsed fills a field with what parse makes of a text. The error of parse says
// what the text must be; show makes a text of the value again.
func Parsed[T any](p *T, parse func(string) (T, error), show func(T) string) Value {
	return Value{field: p, get: func() string { return show(*p) }, set: func(text string) error {
		v, err := parse(text)
		if err != nil {
			return err
		}
		*p = v
		return nil
	}}
}

// Or is the value with the names of some values that it takes among others, for
// --help and completion.
func (v Value) Or(names []string) Value {
	v.choices = names
	return v
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// OneOf is the list of values for the usage of a flag.
func OneOf[T ~string](values []T) string { return strings.Join(textsOf(values), ", ") }
