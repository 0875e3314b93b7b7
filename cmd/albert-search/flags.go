package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/internal/eval"
	"github.com/albert-search/albert-search/rerank"
)

// The environment variables of flags.
const (
	indexVariable   = "ALBERT_SEARCH_INDEX"
	threadsVariable = "ALBERT_SEARCH_THREADS"
)

// flags joins groups of flags, with those that each command has at the end.
func flags(groups ...[]cli.Flag) []cli.Flag {
	var all []cli.Flag
	for _, g := range groups {
		all = append(all, g...)
	}
	return append(all,
		&cli.BoolFlag{Name: "json", Usage: "print JSON, errors too", DisableDefaultText: true},
		&cli.StringFlag{Name: "color", Value: "auto", Usage: "colours: `WHEN` is auto, always or never"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress and no remarks", DisableDefaultText: true},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more", DisableDefaultText: true},
	)
}

func indexFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: "index", EnvVars: []string{indexVariable},
		Usage: "the index is in the folder `DIR` (default: index in the nearest .albert-search folder, else in the user's data folder)",
	}}
}

func runtimeFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: "onnxruntime", EnvVars: []string{ort.PathVariable},
		Usage: "the ONNX Runtime library is `FILE` (default: beside the program, in the cache, the system's)",
	}}
}

func modelFlags() []cli.Flag {
	return append(runtimeFlags(), &cli.IntFlag{
		Name: "threads", EnvVars: []string{threadsVariable},
		Usage: "the models use `N` threads", DefaultText: "all",
	})
}

// retrievalFlags are those of commands that look for passages.
func retrievalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "mode", Value: string(albertsearch.Hybrid), Usage: "find by `MODE`: " + list("mode")},
		&cli.StringFlag{Name: "fusion", Value: string(rerank.Default), Usage: "hybrid results are fused by `METHOD`: " + list("fusion")},
	}
}

func filterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "path", Usage: "only documents whose path matches `GLOB`, as '*.md' or 'notes/**' (repeatable)"},
		&cli.StringSliceFlag{Name: "not-path", Usage: "no documents whose path matches `GLOB` (repeatable)"},
		&cli.StringSliceFlag{Name: "type", Usage: "only documents of `TYPE`: " + list("type") + " (repeatable)"},
		&cli.StringSliceFlag{Name: "meta", Usage: "only documents whose metadata has `KEY=VALUE` (repeatable)"},
		&cli.StringFlag{Name: "after", Usage: "only documents of `DATE` or later, as 2024-03-15, 2024-03 or 2024"},
		&cli.StringFlag{Name: "before", Usage: "only documents older than `DATE`"},
	}
}

func names[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// list is the choices of a flag for its help.
func list(flag string) string { return strings.Join(choices(flag), ", ") }

// filter reads the filter flags.
func filter(c *cli.Context) (index.Filter, error) {
	f := index.Filter{
		Paths: c.StringSlice("path"), NotPaths: c.StringSlice("not-path"),
	}
	for _, t := range strings.Split(strings.Join(c.StringSlice("type"), ","), ",") {
		t = strings.ToLower(strings.TrimSpace(t))
		switch {
		case slices.Contains(choices("type"), t):
			f.Types = append(f.Types, t)
		case c.IsSet("type"):
			return f, usagef(fullName(c), "--type %q: it must be one of %s", t, list("type"))
		}
	}
	for _, m := range c.StringSlice("meta") {
		key, value, ok := strings.Cut(m, "=")
		if !ok || key == "" {
			return f, usagef(fullName(c), "--meta %q: give it as KEY=VALUE", m)
		}
		if f.Metadata == nil {
			f.Metadata = map[string]string{}
		}
		f.Metadata[key] = value
	}
	for _, bound := range []struct {
		flag string
		to   *time.Time
	}{{"after", &f.After}, {"before", &f.Before}} {
		if c.IsSet(bound.flag) {
			t, err := date(c.String(bound.flag))
			if err != nil {
				return f, usagef(fullName(c), "--%s: %w", bound.flag, err)
			}
			*bound.to = t
		}
	}
	return f, nil
}

// date reads the beginning of a day, a month or a year, in local time, or a
// time.
func date(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date: write 2024-03-15, 2024-03, 2024 or 2024-03-15T14:30:00Z", text)
}

// retrieval is what the arguments ask, and what the retrieval and the filter
// flags say.
type retrieval struct {
	text   string
	mode   albertsearch.Mode
	fusion rerank.Method
	filter index.Filter
}

// openRetrieval begins a command that looks for something. When nothing is
// asked the error is the text missing.
func (p *program) openRetrieval(c *cli.Context, missing string) (s *session, r retrieval, err error) {
	if s, err = p.open(c); err != nil {
		return nil, r, err
	}
	r.text = strings.Join(c.Args().Slice(), " ")
	if strings.TrimSpace(r.text) == "" {
		return nil, r, usagef(fullName(c), "%s", missing)
	}
	r.mode, r.fusion = albertsearch.Mode(c.String("mode")), rerank.Method(c.String("fusion"))
	r.filter, err = filter(c)
	return s, r, err
}

// fusionOf is the method only where there is something to fuse.
func fusionOf(mode albertsearch.Mode, method rerank.Method) rerank.Method {
	if mode != albertsearch.Hybrid {
		return ""
	}
	return method
}

// choices are the values of flags that have few.
func choices(flag string) []string {
	switch flag {
	case "mode":
		return names(albertsearch.Modes())
	case "fusion":
		return names(rerank.Methods())
	case "type":
		return formats.Names()
	case "color":
		return []string{"auto", "always", "never"}
	case "precision":
		return []string{"int8", "fp32"}
	case "system", "against":
		return eval.SystemNames()
	}
	return nil
}

// checkValue checks the value of a flag, wherever it comes from.
func checkValue(c *cli.Context, name string) error {
	switch name {
	case "mode", "fusion", "color", "precision":
		if among := choices(name); !slices.Contains(among, c.String(name)) {
			return fmt.Errorf("it must be one of %s", strings.Join(among, ", "))
		}
	case "max-text", "max-pages", "max-time", "max-memory", "max-expanded", "max-ratio", "max-entries", "max-depth":
		if n := c.Int(name); n < 1 || n > maxLimit {
			return fmt.Errorf("it must be at least 1 and at most %d", maxLimit)
		}
	case "max-results", "read", "rerank-depth", "sample":
		if c.Int(name) < 1 {
			return errors.New("it must be at least 1")
		}
	case "threads":
		if c.Int(name) < 0 {
			return errors.New("it must be at least 1, or 0 for all")
		}
	case "seed", "max-distractors":
		if c.Int(name) < 0 {
			return errors.New("it must be at least 0")
		}
	case "threshold":
		if x := c.Float64(name); !(x > 0 && x <= 1) {
			return errors.New("it must be above 0 and at most 1")
		}
	case "index", "onnxruntime", "report", "name", "calibration", "embedder", "reader", "samples", "endpoint", "run", "per-query", "compare", "work",
		"fit", "fit-reranking", "reranking", "plot", "collection", "distractors", "split":
		// An unset variable of a shell must not mean the default.
		if c.String(name) == "" {
			return errors.New("it is empty: name something, or leave it out")
		}
	}
	return nil
}
