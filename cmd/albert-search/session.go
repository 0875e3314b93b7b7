package main

import (
	"errors"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
)

// session is one run of a command that has an index.
type session struct {
	*cli.Call
	index string // its folder or address
}

func newSession(c *cli.Call, o *options.Index) (*session, error) {
	address, err := o.Address()
	return &session{c, address}, err
}

// newBareSession is newSession for a command that takes no arguments.
func newBareSession(c *cli.Call, o *options.Index) (*session, error) {
	if err := c.NoArguments(); err != nil {
		return nil, err
	}
	return newSession(c, o)
}

// withEngine calls f with an engine on the index, opened as the parts say, and
// closes it.
func (s *session) withEngine(f func(*albertsearch.Engine) error, parts ...options.Part) error {
	o := albertsearch.Options{Dir: s.index, Schemes: options.Schemes()}
	if err := options.Apply(&o, parts...); err != nil {
		return err
	}
	e, err := albertsearch.Open(o)
	if err != nil {
		return err
	}
	err = f(e)
	if closed := e.Close(); closed != nil {
		return errors.Join(err, closed)
	}
	return err
}
