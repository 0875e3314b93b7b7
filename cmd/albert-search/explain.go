package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// What the parser of the command line says.
var (
	unknownFlag  = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	badValue     = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^:]*): `)
	missingValue = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	badVariable  = regexp.MustCompile(`^could not parse "(.*)" as \w+ value from environment variable "(\w+)" for flag (\S+): `)
)

// explain says in the user's words what the parser has found wrong with args.
func explain(err error, args []string, flags []cli.Flag) error {
	text := err.Error()
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		var names []string
		for _, f := range flags {
			names = append(names, f.Names()[0])
		}
		suggestion := "words that begin with - go behind --"
		if near := nearest(m[1], names); near != "" {
			suggestion = fmt.Sprintf("did you mean --%s?", near)
		}
		return fmt.Errorf("there is no flag %s; %s", typed(m[1], args), suggestion)
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s %q: it must be %s", typed(m[2], args), m[1], expected(named(flags, m[2])))
	}
	if m := missingValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s needs a value", typed(m[1], args))
	}
	if m := badVariable.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("the environment variable %s is %q: it must be %s", m[2], m[1], expected(named(flags, m[3])))
	}
	return err
}

// expected is what the value of a flag must be so that it can be parsed.
func expected(f cli.Flag) string {
	switch f.(type) {
	case *cli.IntFlag:
		return "a whole number"
	case *cli.Float64Flag:
		return "a number"
	case *cli.BoolFlag:
		return "true or false"
	}
	return "text"
}

// typed is a flag as it was typed.
func typed(name string, args []string) string {
	for _, a := range args {
		if flag, _, _ := strings.Cut(a, "="); strings.HasPrefix(a, "-") && strings.TrimLeft(flag, "-") == name {
			return flag
		}
	}
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// nearest returns the name that was probably meant; "" when none is near.
func nearest(name string, names []string) string {
	best, least := "", 3
	for _, n := range names {
		distance := smetrics.WagnerFischer(name, n, 1, 1, 1)
		if len(name) >= 3 && strings.HasPrefix(n, name) {
			distance = 1
		}
		if distance < least && distance < len(name) {
			best, least = n, distance
		}
	}
	return best
}
